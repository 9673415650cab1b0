// Pieces: which tensors of a file make which of a model, by the rows of its family.
#pragma once
#include "train/hub/config_values.h"

namespace cambium {
struct Piece {
  std::string theirs;              // by its name in the mapping
  Shape shape;                     // theirs
  const Layout* layout = nullptr;  // null: an i64 count of batches, which nobody needs
  std::vector<std::string> ours;
  std::vector<Shape> shapes;  // ours
  bool fresh = false;         // in no file of this head: the model's own start stays
};

// One for each tensor of theirs. InternalError unless each weight of the model is in exactly one.
std::vector<Piece> pieces_of(const Family& family, const HubValues& values,
                             const std::map<std::string, ValueType>& weights);

// The names of a file, told by those of the mapping: with and without the family's prefix, by other
// spellings, with PyTorch's "module." in front.
struct FileNames {
  std::map<std::string, std::string, std::less<>> file_of;  // mapping's name -> the file's
  HubTypes types;                                           // by the mapping's names
};

FileNames names_in_file(const Family& family, const HubTypes& types);

// What is to be done with the rest of the file's tensors.
struct Leftovers {
  std::vector<std::string> tied, dropped, kept;  // mapping's names
};

// Accounts for every tensor of the file. UserErrors, all of them: a tensor of the model that is
// missing, one of another shape, and one that nothing is known of.
Leftovers account(const Family& family, std::span<const Piece> pieces, const FileNames& names,
                  const std::string& path);
}  // namespace cambium

// IDX, raw and gzipped.
#include "data/images/idx.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_idx {
extern const FuzzTarget fuzz_idx = {.name = "idx",
                                    .reads = {"core/system/files.cpp", "data/images/idx.cpp"},
                                    .run = [](std::string_view bytes) {
                                      const bool packed = bytes.starts_with("\x1f\x8b");
                                      for (const int rank : {1, 3}) try {
                                          read_idx(file_of(packed ? "x.gz" : "x", bytes), rank);
                                        } catch (const UserError&) {
                                          if (rank == 3) throw;
                                        }
                                    }};
}  // namespace cambium::fuzz_idx

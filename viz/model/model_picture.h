// ModelPicture: what a picture of a model shows. Built from the forward nodes of a Graph: a
// hierarchy model > stage > block > op, equal neighbours folded into one box, opened to a readable
// depth.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/yaml/yaml.h"
#include "graph/graph.h"
#include "viz/plot/palette.h"

namespace cambium {
struct Profile;

struct PictureOptions {
  int64_t depth = 0;
  int64_t max_boxes = 200;
  bool fold = true;
  bool views = false;
  // Not an option: the spec that the graph was built from, so that blocks say in which domain they
  // work; without it operators are looked at alone.
  const Yaml* spec = nullptr;
  static constexpr auto fields =
      std::tuple{field("depth", &PictureOptions::depth,
                       "levels of the hierarchy to open; 0: as many as max_boxes allows")
                     .in(0, 64),
                 field("max_boxes", &PictureOptions::max_boxes, "most boxes of an automatic depth")
                     .in(8, 2000),
                 field("fold", &PictureOptions::fold, "draw equal neighbours once"),
                 field("views", &PictureOptions::views, "show reshapes inside blocks too")};
};

enum class BoxKind { kBlock, kOp, kInput, kState, kOutput };

struct Box {
  BoxKind kind = BoxKind::kBlock;
  int parent = -1;
  std::string path;    // "stage1.0.attn"; unique among the boxes of one picture
  std::string label;   // the last segment, "q", or "0..11" for a fold
  std::string op;      // kOp: the operator
  std::string detail;  // "3x3 /2", "4 heads of 32", or what an adapter does
  std::string attrs;   // kOp: all attributes
  Tint tint = Tint::kPlain;
  int repeat = 1;          // this many equal neighbours stand here
  bool chained = true;     // they follow each other; false: side by side
  int64_t parameters = 0;  // of one copy; a shared tensor counts at its first user
  int64_t frozen = 0;      // those of them that training does not move
  double flops = 0;        // forward, of one copy, for the graph's batch
  double ms = 0;           // of a profiled step, of all copies, forward and backward; 0: unknown
  ValueType out;           // of the last op inside
  Mark mark;
  std::vector<int> children;  // in order of execution; empty unless this box is open
};

enum class ArrowKind { kData, kResidual, kAdjacency, kState };

struct Arrow {
  int from = 0, to = 0;
  ArrowKind kind = ArrowKind::kData;
  std::vector<std::string> shapes;  // of the values that flow here, each text once
};

// A profiled step, for a picture that shows time instead of domains.
struct Heat {
  static constexpr int kLevels = 6;
  double step_ms = 0;
  double hottest_ms = 0;                                  // of a closed box
  std::vector<std::pair<std::string, double>> elsewhere;  // ms that no box stands for

  // 0 .. kLevels - 1 in equal parts of the hottest.
  int level(double ms) const;
};

struct ModelPicture {
  std::string title;
  std::vector<Box> boxes;  // boxes[0] is the model; parents precede children
  std::vector<Arrow> arrows;
  std::optional<Heat> heat;
};

// Bookkeeping that is not architecture (the step's rng, updates of running statistics) and
// parameters are not boxes; parameters are counted in the op that uses them first. A profile of
// the same model gives every box its time.
ModelPicture model_picture(const Graph& g, std::string title, const PictureOptions& options = {},
                           const Profile* profile = nullptr);

// The same hierarchy as indented text, for screen readers and terminals.
std::string outline(const ModelPicture& m);

// "44.4k parameters, 1.2k of them trained, 12.3 MFLOP (34%)", with the count of a fold; empty when
// the box has neither. What is trained is said where not everything is.
std::string numbers_text(const ModelPicture& m, const Box& b);

// "1.23 ms (34%)" of the step, of all copies of a fold; empty without a profile, for inputs and
// outputs, and where no kernel ran.
std::string heat_text(const ModelPicture& m, const Box& b);
}  // namespace cambium

// cambium profile, and the picture that takes its file.
#include <gtest/gtest.h>

#include "app/tables/profile_table.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "tests/app/run_in_process.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::profile_test {
namespace {
using test::Ran;
using test::run_words;
using test::TempFolder;

class ProfileCommand : public ::testing::Test {
 protected:
  ProfileCommand() { replace_file(spec(), test::markov_spec("{batch: 8, steps: 6}")); }

  std::string spec() const { return folder_.path("s.yaml"); }

  std::string path(const std::string& name) const { return folder_.path(name); }

  TempFolder folder_;
};

TEST_F(ProfileCommand, WritesAFileThatColoursThePicture) {
  const Ran ran = run_words({"profile", spec(), "--steps", "3", "--json", "-o", path("p.json")});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json j = parse_json(ran.out, "output");
  EXPECT_EQ(to_text(j), to_text(load_json(path("p.json"))));
  for (const char* key : {"step_ms", "outside_ms", "gemm_gflops", "stream_gbytes", "blocks", "ops",
                          "predicted_bytes", "peak_bytes", "total", "machine"})
    EXPECT_TRUE(j.contains(key)) << key;
  for (const char* key : {"path", "op", "phase", "line", "impl", "ms", "flops", "bytes",
                          "gflops_per_s", "gbytes_per_s", "roofline_share", "reference"})
    EXPECT_TRUE(j["kernels"][0].contains(key)) << key;
  EXPECT_EQ(j["kernels"][0]["path"], "embed");
  EXPECT_EQ(j["kernels"][0]["line"], 3);

  ASSERT_EQ(run_words({"graph", spec(), "--heat", path("p.json"), "-o", path("h.dot")}).code, 0);
  const std::string dot = read_file(path("h.dot"));
  EXPECT_NE(dot.find("share of a step of "), std::string::npos);
  EXPECT_NE(dot.find(" ms ("), std::string::npos);
  EXPECT_NE(run_words({"graph", spec(), "--heat", path("p.json")}).out.find(" ms ("),
            std::string::npos);

  const Ran other =
      run_words({"graph", spec(), "--set", "model.0.embed=16", "--heat", path("p.json")});
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.err.find("with other contents"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("help: make one of this spec, with the same --set: cambium profile "),
            std::string::npos)
      << other.err;
}

TEST_F(ProfileCommand, PrintsTables) {
  const Ran ran = run_words({"profile", spec(), "--steps", "1", "--top", "2", "--by", "op"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  for (const char* part : {"% roofline", "  op\n", "  block\n", " more ops, ", " more block",
                           "ms of it outside the ", "roofline  f32 GEMM ", "memory    "})
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << "\n" << ran.out;
}

TEST_F(ProfileCommand, HeatFromAForeignFileIsExplained) {
  const Ran missing = run_words({"graph", spec(), "--heat", path("none.json")});
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.err.find("there is no file"), std::string::npos);
  EXPECT_NE(missing.err.find("`cambium profile SPEC -o FILE` makes a profile"), std::string::npos);
  const Ran foreign = run_words({"graph", spec(), "--heat", spec()});
  EXPECT_EQ(foreign.code, 1);
  EXPECT_NE(foreign.err.find("is not valid JSON"), std::string::npos) << foreign.err;
}

TEST(ProfileTable, MarksReferenceKernelsAndAdvises) {
  Profile p{.machine = "m", .steps = 1, .median_ms = 4, .step_ms = 4, .outside_ms = 1};
  p.roofline = {100, 10};
  p.kernels.resize(2);
  p.kernels[0].impl = "own";
  p.kernels[0].ms = 1;
  p.kernels[1].impl = "ref:any";
  p.kernels[1].path = "stem";
  p.kernels[1].ms = 2;
  EXPECT_NE(kernel_table(p, 1).find("stem     -  ! ref:any\n... and 1 more kernel, 1.000 ms"),
            std::string::npos)
      << kernel_table(p, 1);
  EXPECT_NE(summary_text(p).find("! 1 kernel runs oneDNN's plain reference loops: 2.000 ms, 50.0 "
                                 "% of the step"),
            std::string::npos)
      << summary_text(p);
  p.kernels.pop_back();
  EXPECT_EQ(summary_text(p).find("reference"), std::string::npos);
}
}  // namespace
}  // namespace cambium::profile_test

#include "viz/model/model_json.h"

#include <gtest/gtest.h>

#include "tests/support/json_schema.h"
#include "tests/viz/toy_model.h"
#include "viz/model/graphviz.h"

namespace cambium::model_json_test {
namespace {
Json hybrid_json(int64_t depth) {
  return to_json(model_picture(toy::hybrid(), "hybrid", {.depth = depth}));
}

std::vector<Json> boxes_at(const Json& model, std::string_view key, const Json& value) {
  std::vector<Json> out;
  for (const Json& box : model.at("boxes"))
    if (box.at(std::string(key)) == value) out.push_back(box);
  return out;
}

TEST(ModelJson, FitsItsSchemaAtEveryDepth) {
  test::SchemaValidator schema(model_schema());
  EXPECT_EQ(schema.unknown_keywords(), std::set<std::string>{});
  for (const int64_t depth : {1, 2, 3, 9}) EXPECT_EQ(schema.check(hybrid_json(depth)), "") << depth;
}

TEST(ModelJson, TheSchemaRefusesOtherKeysKindsAndNumbers) {
  test::SchemaValidator schema(model_schema());
  const auto broken = [&](const char* pointer, const Json& value) {
    Json model = hybrid_json(9);
    model[Json::json_pointer(pointer)] = value;
    return schema.check(model);
  };
  EXPECT_NE(broken("/boxes/1/colour", "red"), "");
  EXPECT_NE(broken("/boxes/1/kind", "stage"), "");
  EXPECT_NE(broken("/boxes/1/repeat", 0), "");
  EXPECT_NE(broken("/arrows/0/from", "x"), "");
  EXPECT_NE(broken("/version", 2), "");
  Json without = hybrid_json(9);
  without["boxes"][1].erase("flops");
  EXPECT_NE(schema.check(without), "");
}

TEST(ModelJson, ParentsAndChildrenNameEachOther) {
  const Json model = hybrid_json(9);
  const Json& boxes = model.at("boxes");
  EXPECT_TRUE(boxes[0].at("parent").is_null());
  size_t children = 0;
  for (const Json& box : boxes)
    for (const Json& child : box.at("children")) {
      EXPECT_EQ(boxes.at(child.get<size_t>()).at("parent"), box.at("id"));
      ++children;
    }
  EXPECT_EQ(children, boxes.size() - 1);
  for (const Json& arrow : model.at("arrows"))
    for (const char* end : {"from", "to"})
      EXPECT_LT(arrow.at(end).get<size_t>(), boxes.size()) << end;
}

TEST(ModelJson, SaysWhatTheBoxesHold) {
  const Json model = hybrid_json(9);
  EXPECT_EQ(model.at("title"), "hybrid");
  EXPECT_TRUE(model.at("heat").is_null());
  const auto inputs = boxes_at(model, "kind", "input");
  ASSERT_EQ(inputs.size(), 1u);
  EXPECT_EQ(inputs[0].at("out"), Json({{"dtype", "f32"}, {"shape", {8, 28, 28, 1}}}));
  EXPECT_TRUE(inputs[0].at("op").is_null());
  const auto heads = boxes_at(model, "path", "head");
  ASSERT_EQ(heads.size(), 1u);
  EXPECT_EQ(heads[0].at("parameters"), 32 * 10);
  EXPECT_EQ(heads[0].at("flops"), 2.0 * 8 * 32 * 10);
  EXPECT_TRUE(heads[0].at("ms").is_null());
}

TEST(ModelJson, TellsTheTimeOfAProfile) {
  ModelPicture m = model_picture(toy::hybrid(), "hybrid", {});
  m.heat = Heat{.step_ms = 4, .hottest_ms = 2, .elsewhere = {{"loss", 0.5}}};
  m.boxes[1].ms = 2;
  const Json model = to_json(m);
  EXPECT_EQ(test::SchemaValidator(model_schema()).check(model), "");
  EXPECT_EQ(model.at("boxes")[1].at("ms"), 2.0);
  EXPECT_EQ(model.at("heat").at("elsewhere"), Json::array({{{"what", "loss"}, {"ms", 0.5}}}));
}

TEST(ModelJson, IsAPictureFormat) {
  const ModelPicture m = model_picture(toy::hybrid(), "hybrid", {});
  EXPECT_EQ(picture_format("a/b.json"), PictureFormat::kJson);
  EXPECT_EQ(parse_json(render_picture(m, PictureFormat::kJson), "x"), to_json(m));
}
}  // namespace
}  // namespace cambium::model_json_test

// Recipes of corpora.
#include "data/recipe/recipe.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_recipe {
extern const FuzzTarget fuzz_recipe = {
    .name = "recipe", .reads = {"data/recipe/recipe.cpp"}, .run = [](std::string_view bytes) {
      const Recipe recipe = load_recipe(file_of("recipe.yaml", bytes));
      expect(!recipe.sources.empty(), "a recipe without sources");
      expect(open_steps(recipe).size() == recipe.steps.size(), "a step that is not opened");
    }};
}  // namespace cambium::fuzz_recipe

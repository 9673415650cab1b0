// A profile as `graph --heat` reads it.
#include "train/profile/profile.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_profile {
extern const FuzzTarget fuzz_profile = {
    .name = "profile",
    .reads = {"train/profile/profile_json.cpp"},
    .run = [](std::string_view bytes) {
      times_by_block(load_profile(file_of("profile.json", bytes)));
    }};
}  // namespace cambium::fuzz_profile

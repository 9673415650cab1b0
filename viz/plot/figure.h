// Figure: a picture with its name, its place in a page and what is to be said of it.
#pragma once
#include <string>
#include <vector>

namespace cambium {
struct Figure {
  std::string name;     // of its file: "front"
  std::string section;  // of the page
  std::string svg;
  std::string caption = {};
};
}  // namespace cambium

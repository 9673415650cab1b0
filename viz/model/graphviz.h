// Layout and rendering by Graphviz's `dot`, run as a subprocess under a time and a memory limit.
#pragma once
#include "core/system/subprocess.h"
#include "viz/model/dot.h"

namespace cambium {
struct GraphvizOptions {
  std::string command = "dot";
  ProcessLimits limits = {};
};

// `format` is what dot calls it: "svg" or "png". A layout that is too slow is tried again with
// straight and then with plain edges; large pictures start there. RuntimeError when dot is missing,
// fails or never ends in time, each with a cure.
std::string run_dot(const std::string& dot_text, const std::string& format,
                    const GraphvizOptions& options = {});

enum class PictureFormat { kSvg, kDot, kPng, kJson };  // kJson: model_json.h

// By the file's extension; UserError for others.
PictureFormat picture_format(const std::string& path);

// The bytes of a picture file. SVG is filtered (svg_filter.h) and follows the reader's light or
// dark theme. Equal models, equal bytes.
std::string render_picture(const ModelPicture& m, PictureFormat format, const DotOptions& dot = {},
                           const GraphvizOptions& options = {});

// For a page: the filtered svg element alone; the page brings picture_css().
std::string inline_picture(const ModelPicture& m, const GraphvizOptions& options = {});
std::string picture_css();
}  // namespace cambium

// The only header that sees CLI11.
#pragma once
#include <CLI/CLI.hpp>

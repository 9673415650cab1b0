// standard: weights start and move as blocks and optimizer say. What suits one width need not suit
// another.
#include "train/parameterisation/support/parameterisation.h"

namespace cambium::parameterisation_standard {
extern const Parameterisation parameterisation_standard;
const Parameterisation parameterisation_standard = {
    .name = "standard",
    .doc = "weights start and move as blocks and optimizer say",
    .paper = "",
};
}  // namespace cambium::parameterisation_standard

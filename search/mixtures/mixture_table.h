// Mixture table: mixtures and what runs on them lost, from CSV files, as RegMix published its own.
#pragma once
#include <string>
#include <string_view>

#include "search/mixtures/support/form.h"

namespace cambium {
// Of the file of shares the first column names the run and each other one is a source, whose shares
// a row adds up to about 1; the file of losses has the run's name first too, and a column `target`
// (which may be left empty where there is but one). Runs are joined by their names and stand in the
// order of the first file. UserErrors: a cell that is no number, a share outside [0,1], a sum off
// by more than 2 %, a run that stands twice or in one file alone, no such column.
MixturePoints read_mixtures(const std::string& shares, const std::string& losses,
                            const std::string& target);

// The same of texts, under the names of their files.
MixturePoints parse_mixtures(std::string_view shares, const std::string& shares_file,
                             std::string_view losses, const std::string& losses_file,
                             const std::string& target);
}  // namespace cambium

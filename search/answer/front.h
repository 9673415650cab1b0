// Front: which results no other beats in every objective, and how much they enclose.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cambium {
struct Losses {
  std::vector<double> values;  // one an objective; less is better
  double violation = 0;        // infinity: failed, values empty
};

// No worse in any objective and better in one; results with less violation dominate those with
// more (Deb et al. 2002).
bool dominates(const Losses& a, const Losses& b);

// 0: dominated by none; 1: by those of front 0 alone, and so on. Equal results share a front.
std::vector<int64_t> front_numbers(std::span<const Losses> results);

// The indices of front 0 without violation, by the first objective, then the others, then by index.
std::vector<size_t> front_of(std::span<const Losses> results);

// Adds a result to those that none of the others equals or beats in everything, and takes away
// those that it does.
void add_to_front(std::vector<std::vector<double>>& front, const std::vector<double>& result);

// Crowding distance of each within one front: infinite at the ends.
std::vector<double> room_around(std::span<const Losses> front);

// The exact area or volume between the results and the reference point, of 2 or 3 objectives;
// results not below it in every objective, and empty
// ones (failed), add nothing. InternalError for other numbers.
double hypervolume(std::span<const std::vector<double>> results, std::span<const double> reference);
}  // namespace cambium

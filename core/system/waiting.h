// Waiting: how the threads of a team wait for one another.
#pragma once

namespace cambium {
// While others work on this machine, OpenMP's threads, which wait by turning round and round, take
// from each other the cores that they wait for: a tiny model then takes fifty times as long as on
// one thread. So where others are at work now, this program begins anew with threads that sleep
// (OMP_WAIT_POLICY=passive); results are the same bits. Call it once, first of all, with main's
// words. Whoever set OMP_WAIT_POLICY or GOMP_SPINCOUNT has decided; one thread waits for nobody.
void wait_asleep_where_busy(char** words);
}  // namespace cambium

// Cancel: the first Ctrl-C (SIGINT) or SIGTERM asks the program to stop at the next safe place; the
// second ends it at once with exit code 130.
#pragma once

namespace cambium {
void catch_signals();     // installs the handlers; call once at program start
bool cancel_requested();  // cheap; safe from any thread
void request_cancel();    // what the first signal does, for tests
void reset_cancel();      // forget the request, for tests and for the next run in one process
}  // namespace cambium

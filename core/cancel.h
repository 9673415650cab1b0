// Cancel: Ctrl-C (SIGINT) or SIGTERM ends the program with exit code 130. At once, unless it is in
// a loop that asks for it: then the first only asks to stop at the next safe place.
#pragma once

namespace cambium {
void catch_signals();  // installs the handlers; once, at program start

// While one lives, somebody asks cancel_requested() often.
class StopsWhenAsked {
 public:
  StopsWhenAsked();
  ~StopsWhenAsked();

  StopsWhenAsked(const StopsWhenAsked&) = delete;
  StopsWhenAsked& operator=(const StopsWhenAsked&) = delete;
};

bool cancel_requested();  // cheap; safe from any thread
void request_cancel();    // what the first signal does, for tests
void reset_cancel();      // forget the request, for tests and for the next run in one process
}  // namespace cambium

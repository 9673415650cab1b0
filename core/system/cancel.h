// Cancel: where someone looks for it (CancelScope), the first Ctrl-C (SIGINT) or SIGTERM asks the
// program to stop at the next safe place; the second, or the first anywhere else, ends it at once
// with exit code 130.
#pragma once

namespace cambium {
// While one lives, who made it asks cancel_requested() again and again and stops when told.
class CancelScope {
 public:
  CancelScope();
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;
};

void catch_signals();     // installs the handlers; call once at program start
bool cancel_requested();  // cheap; safe from any thread
}  // namespace cambium

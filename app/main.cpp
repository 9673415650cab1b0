// The program: the one place where errors end.
#include <iostream>
#include <new>

#include "app/run.h"
#include "core/cancel.h"

int main(int count, char** words) {
  using namespace cambium;
  const std::vector<std::string> args(words + (count > 0), words + count);
  Terminal terminal(std::cout, std::cerr, detect_terminal());
  catch_signals();
  try {
    return run(args, terminal);
  } catch (const InternalError& e) {
    return report_bug(e.what(), args, terminal);
  } catch (const Error& e) {
    return report_error(e, terminal);
  } catch (const std::bad_alloc&) {
    return report_error(
        RuntimeError("out of memory", "close other programs or use a smaller model"), terminal);
  } catch (const std::exception& e) {
    return report_bug(e.what(), args, terminal);
  }
}

# Read by ctest before the tests, as a part of CTestTestfile.cmake: registers the cases of one gtest
# `program`, up to forty of a suite in one process, since starting a process for each of six
# thousand takes longer than the cases themselves. What has "Slow" in its name keeps a process of
# its own, under the label `slow`. `prefix` and `environment` are set by the file that includes it.
set(cases_a_process 40)

execute_process(COMMAND "${program}" --gtest_list_tests OUTPUT_VARIABLE listed RESULT_VARIABLE failed TIMEOUT 60)
if(failed)
  add_test("${prefix}.ListsItsTests" "${program}" --gtest_list_tests)  # fails, and says why
  return()
endif()

macro(add_process name cases label timeout)
  add_test("${prefix}.${name}" "${program}" "--gtest_filter=${cases}" --gtest_brief=1)
  set_tests_properties("${prefix}.${name}" PROPERTIES LABELS "${label}" TIMEOUT "${timeout}"
    ENVIRONMENT "${environment}")
endmacro()

# One process for the cases held, if any: SUITE, SUITE.2, SUITE.3 ...
macro(close_process)
  if(held)
    math(EXPR processes "${processes} + 1")
    set(name "${suite}")
    if(processes GREATER 1)
      set(name "${suite}.${processes}")
    endif()
    list(JOIN held ":" cases)
    add_process("${name}" "${cases}" fast 300)
    set(held "")
  endif()
endmacro()

set(held "")
string(REPLACE "\n" ";" listed "${listed}")
foreach(line IN LISTS listed)
  string(REGEX REPLACE " *#.*$" "" line "${line}")  # what a parameter prints
  if(line MATCHES "^([^ ]+)\\.$")
    close_process()
    set(suite "${CMAKE_MATCH_1}")
    set(processes 0)
  elseif(line MATCHES "^  ([^ ]+)$")
    set(case "${suite}.${CMAKE_MATCH_1}")
    if(case MATCHES "DISABLED_")
      continue()
    elseif(case MATCHES "Slow")
      add_process("${case}" "${case}" slow 1800)
      continue()
    endif()
    list(APPEND held "${case}")
    list(LENGTH held count)
    if(count EQUAL cases_a_process)
      close_process()
    endif()
  endif()
endforeach()
close_process()

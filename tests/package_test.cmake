# Makes the binary package, installs it with dpkg into a root of its own, and asks the installed program about an installed
# model. What the package depends on must be here, since the program runs here.
# usage: cmake -DBUILD=DIR -P package_test.cmake
set(made ${BUILD}/tests/package)
file(REMOVE_RECURSE ${made})
file(MAKE_DIRECTORY ${made}/root/var/lib/dpkg/info ${made}/root/var/lib/dpkg/updates)
file(TOUCH ${made}/root/var/lib/dpkg/status)
execute_process(COMMAND ${CMAKE_CPACK_COMMAND} -G DEB -B ${made} WORKING_DIRECTORY ${BUILD}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB package ${made}/*.deb)
execute_process(COMMAND dpkg-deb --field ${package} Depends OUTPUT_VARIABLE depends COMMAND_ERROR_IS_FATAL ANY)
if(NOT depends MATCHES "libdnnl" OR NOT depends MATCHES "libyaml-cpp")
  message(FATAL_ERROR "the package does not depend on what it is linked with: '${depends}'")
endif()
string(STRIP "${depends}" depends)
execute_process(COMMAND dpkg-checkbuilddeps -d "${depends}" /dev/null COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND fakeroot dpkg --root=${made}/root --log=${made}/dpkg.log --force-depends --force-not-root
  --force-script-chrootless --install ${package} OUTPUT_QUIET ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${made}/root/usr/bin/cambium check
  ${made}/root/usr/share/cambium/configs/models/markov_mixer.yaml COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${made})

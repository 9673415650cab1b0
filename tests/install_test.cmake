# Installs into a folder of its own and asks the installed program about an installed model.
# usage: cmake -DBUILD=DIR -P install_test.cmake
set(prefix ${BUILD}/tests/installed)
file(REMOVE_RECURSE ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${prefix}/bin/cambium check ${prefix}/share/cambium/configs/models/markov_mixer.yaml
  COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${prefix})

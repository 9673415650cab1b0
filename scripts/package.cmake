# The binary package: `cpack -G DEB` in the build folder, or scripts/package.sh. It holds what is installed, and depends on
# the very libraries the program was linked with; Graphviz and the pictures' data are recommended, for not all need them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cambium)
set(CPACK_PACKAGE_CONTACT "The Cambium developers <cambium@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "explorer of hybrid neural architectures on CPUs")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "Composes transformers, convolutions, graph networks, recurrences and state
space models from YAML specs, compiles them to oneDNN kernels, trains them
on CPUs and compares them fairly. `cambium --help` shows the commands.")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "graphviz, dataset-fashion-mnist")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
include(CPack)

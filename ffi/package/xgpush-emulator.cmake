# xgpush_add_emulator_fixture(NAME [TESTS test...] [ARGS argument...]): a fixture of CTest
# that starts the emulator, with these arguments, before the tests that require it, and
# ends it after them; it also ends with ctest. TESTS require it and get the environment
# variable XG_EMULATOR_PORT_FILE: the file whose first line is the port on 127.0.0.1.
# Elsewhere it is the variable NAME_PORT_FILE:
#   set_tests_properties(t PROPERTIES FIXTURES_REQUIRED NAME
#     ENVIRONMENT "XG_EMULATOR_PORT_FILE=${NAME_PORT_FILE}")
function(xgpush_add_emulator_fixture name)
  cmake_parse_arguments(PARSE_ARGV 1 given "" "" "TESTS;ARGS")
  if(given_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "xgpush_add_emulator_fixture: unknown ${given_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TARGET xgpush::emulator)
    message(FATAL_ERROR "xgpush_add_emulator_fixture: xgpush is installed without its emulator")
  endif()
  get_target_property(program xgpush::emulator IMPORTED_LOCATION)
  set(file "${CMAKE_CURRENT_BINARY_DIR}/${name}.port")
  get_target_property(script xgpush::emulator XGPUSH_FIXTURE)
  add_test(NAME "${name}.start" COMMAND sh "${script}" start "${file}" "${program}" ${given_ARGS})
  add_test(NAME "${name}.stop" COMMAND sh "${script}" stop "${file}" "${program}")
  set_tests_properties("${name}.start" PROPERTIES FIXTURES_SETUP "${name}")
  set_tests_properties("${name}.stop" PROPERTIES FIXTURES_CLEANUP "${name}")
  foreach(test IN LISTS given_TESTS)
    set_property(TEST "${test}" APPEND PROPERTY FIXTURES_REQUIRED "${name}")
    set_property(TEST "${test}" APPEND PROPERTY ENVIRONMENT "XG_EMULATOR_PORT_FILE=${file}")
  endforeach()
  set("${name}_PORT_FILE" "${file}" PARENT_SCOPE)
endfunction()

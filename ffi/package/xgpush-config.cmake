# find_package(xgpush): the targets xgpush::xgpush (the shared library), xgpush::static and
# xgpush::emulator (the program), each if it is installed, and the function
# xgpush_add_emulator_fixture. Found from the place of this file, so that
# the tree can be moved.
get_filename_component(_xgpush_root "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

foreach(_xgpush_lib IN ITEMS lib "lib/${CMAKE_LIBRARY_ARCHITECTURE}" lib64)
  set(_xgpush_lib "${_xgpush_root}/${_xgpush_lib}/libxgpush")
  if(NOT TARGET xgpush::xgpush AND EXISTS "${_xgpush_lib}.so")
    add_library(xgpush::xgpush SHARED IMPORTED)
    set_target_properties(xgpush::xgpush PROPERTIES
      IMPORTED_LOCATION "${_xgpush_lib}.so"
      INTERFACE_INCLUDE_DIRECTORIES "${_xgpush_root}/include")
  endif()
  if(NOT TARGET xgpush::static AND EXISTS "${_xgpush_lib}.a")
    add_library(xgpush::static STATIC IMPORTED)
    set_target_properties(xgpush::static PROPERTIES
      IMPORTED_LOCATION "${_xgpush_lib}.a"
      INTERFACE_INCLUDE_DIRECTORIES "${_xgpush_root}/include"
      INTERFACE_LINK_LIBRARIES "pthread;${CMAKE_DL_LIBS}")
  endif()
endforeach()

if(NOT TARGET xgpush::emulator AND EXISTS "${_xgpush_root}/bin/xgpush-emulator")
  add_executable(xgpush::emulator IMPORTED)
  set_target_properties(xgpush::emulator PROPERTIES
    IMPORTED_LOCATION "${_xgpush_root}/bin/xgpush-emulator"
    XGPUSH_FIXTURE "${CMAKE_CURRENT_LIST_DIR}/emulator-fixture.sh")
endif()
include("${CMAKE_CURRENT_LIST_DIR}/xgpush-emulator.cmake")

if(NOT TARGET xgpush::xgpush AND NOT TARGET xgpush::static)
  set(xgpush_FOUND FALSE)
  set(xgpush_NOT_FOUND_MESSAGE "there is no libxgpush under ${_xgpush_root}")
endif()
unset(_xgpush_lib)
unset(_xgpush_root)

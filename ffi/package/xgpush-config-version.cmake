# The version is the header's. The ABI changes only with the major version.
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../../../include/xgpush.h" PACKAGE_VERSION
  REGEX "^#define XG_VERSION \"" LIMIT_COUNT 1)
string(REGEX REPLACE "[^\"]*\"([^\"]*)\".*" "\\1" PACKAGE_VERSION "${PACKAGE_VERSION}")
string(REGEX MATCH "^[0-9]+" _xgpush_major "${PACKAGE_VERSION}")

set(PACKAGE_VERSION_COMPATIBLE FALSE)
if(PACKAGE_FIND_VERSION_MAJOR STREQUAL _xgpush_major AND
   PACKAGE_FIND_VERSION VERSION_LESS_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
unset(_xgpush_major)

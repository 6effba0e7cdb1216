# Installed in PREFIX/lib/cmake/mog; `find_package(mog CONFIG)` gives the library `mog::mog`.
get_filename_component(mog_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET mog::mog)
  add_library(mog::mog STATIC IMPORTED)
  set_target_properties(mog::mog PROPERTIES
    IMPORTED_LOCATION "${mog_prefix}/lib/libmog.a"
    INTERFACE_INCLUDE_DIRECTORIES "${mog_prefix}/include")
endif()
unset(mog_prefix)

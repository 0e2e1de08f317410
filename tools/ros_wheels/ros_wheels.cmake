# Make the ROS wheels usable for building interface packages; give this file as CMAKE_PROJECT_INCLUDE.
#
# Two peculiarities of the wheels are dealt with here, so that no file of theirs is changed: they carry include
# directories of the machine on which they were built, and they come with the generators for nodes written in C++.

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

# The generators register themselves when they are found, and only once; so they are found here, before the package
# asks for them, and those for C++ are struck off the list, which takes off a good third of the build. Introspection for
# C stays: Fast DDS describes each type to its peers by it.
find_package(ament_cmake REQUIRED)
find_package(rosidl_default_generators REQUIRED)
list(FILTER AMENT_EXTENSIONS_rosidl_generate_idl_interfaces EXCLUDE REGEX "^rosidl_(generator|typesupport.*)_cpp:")

# Generation stops at the first include directory that does not exist; they are dropped at the end of the
# configuration, when every package has been found.
function(drop_missing_include_directories)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(directories ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(NOT directories)
      continue()
    endif()
    set(existing)
    foreach(directory IN LISTS directories)
      # A generator expression is not an absolute path and is kept as it is.
      if(NOT IS_ABSOLUTE "${directory}" OR EXISTS "${directory}")
        list(APPEND existing "${directory}")
      endif()
    endforeach()
    set_property(TARGET ${target} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "${existing}")
  endforeach()
endfunction()

cmake_language(DEFER CALL drop_missing_include_directories)

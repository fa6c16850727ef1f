# ggml's Vulkan backend as a library of its own beside libhandheld, which opens it by name when a GPU is asked for
# (gpu.cpp): without a Vulkan loader it cannot be opened, and that must be a remark in the report and no app without start.
# Its sources are not among those that apps get; HH_VULKAN names their folder. It needs Vulkan's headers from 1.4 on,
# SPIRV-Headers and glslc, and some 300 seconds of a processor.
if(NOT HH_CPU_VARIANTS)
  message(FATAL_ERROR "HH_VULKAN needs HH_CPU_VARIANTS: the backend takes its symbols from libhandheld")
endif()
# ggml's own one would make it a part of ggml.
function(ggml_add_backend_library backend)
  add_library(${backend} SHARED ${ARGN})
  target_include_directories(${backend} SYSTEM PRIVATE ${LLAMA}/ggml/include ${LLAMA}/ggml/src)
  target_compile_definitions(${backend} PRIVATE GGML_BACKEND_DL GGML_BACKEND_BUILD GGML_BACKEND_SHARED GGML_SHARED
                             GGML_SCHED_MAX_COPIES=4)
  target_link_libraries(${backend} PRIVATE handheld)
  set_target_properties(${backend} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
                        BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH $ORIGIN)  # and not where the loader was for the build
endfunction()
set(CMAKE_POLICY_DEFAULT_CMP0116 NEW)
add_subdirectory(${HH_VULKAN} ${CMAKE_CURRENT_BINARY_DIR}/ggml-vulkan EXCLUDE_FROM_ALL)
list(APPEND ggml_targets ggml-vulkan)
target_compile_definitions(handheld PRIVATE HH_VULKAN)

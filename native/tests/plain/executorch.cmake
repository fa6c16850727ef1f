# C++ classes, so the program is linked to ExecuTorch's libraries themselves, which lie in the folder that it is built in.
set(EXECUTORCH ${HH_APP}/third_party/executorch)
add_executable(plain_executorch plain/executorch.cpp)
target_compile_features(plain_executorch PRIVATE cxx_std_20)
target_compile_options(plain_executorch PRIVATE -Wall -Wextra -Werror -Wno-deprecated-declarations ${image_speed})
# How the package's libraries were built.
target_compile_definitions(plain_executorch PRIVATE C10_USING_CUSTOM_GENERATED_MACROS ET_EVENT_TRACER_ENABLED ET_USE_THREADPOOL)
target_include_directories(plain_executorch PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_include_directories(plain_executorch SYSTEM PRIVATE ${EXECUTORCH} ${EXECUTORCH}/executorch/runtime/core/portable_type/c10)
target_link_directories(plain_executorch PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
# Operators and the delegate register themselves: nobody names what is in their libraries.
target_link_libraries(plain_executorch PRIVATE -Wl,--no-as-needed executorch executorch_threadpool
                      executorch_kernels_optimized executorch_kernels_quantized executorch_backend_xnnpack)
set_target_properties(plain_executorch PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN")

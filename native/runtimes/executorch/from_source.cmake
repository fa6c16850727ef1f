# ExecuTorch from its own sources into the bridge. Its archive for Android shows Java's functions alone
# (docs/decisions/executorch-through-a-bridge.md), so there the release is built by the NDK, pinned by its commit, which
# names the commits of its submodules in turn.
set(executorch_commit 3b60683923245cf472b7323426920e15623ba361)  # v1.5.1
set(submodules backends/xnnpack/third-party/cpuinfo backends/xnnpack/third-party/FP16 backends/xnnpack/third-party/FXdiv
               backends/xnnpack/third-party/pthreadpool backends/xnnpack/third-party/XNNPACK
               kernels/optimized/third-party/eigen third-party/flatbuffers third-party/flatcc third-party/gflags
               third-party/json third-party/pocketfft)

find_program(GIT git REQUIRED)
find_program(PYTHON_EXECUTABLE NAMES python3 python REQUIRED)  # ExecuTorch's own name for it
execute_process(COMMAND ${PYTHON_EXECUTABLE} -c "import torchgen, yaml" RESULT_VARIABLE lacks OUTPUT_QUIET ERROR_QUIET)
if(lacks)
  message(FATAL_ERROR "ExecuTorch's kernels cannot be generated: ${PYTHON_EXECUTABLE} has no torchgen or no yaml. "
          "They are a part of PyTorch, and PyYAML; ExecuTorch's build asks for them.\n"
          "Run: ${PYTHON_EXECUTABLE} -m pip install torch==2.14.0 pyyaml==6.0.4\n"
          "That is PyTorch whole, some gigabytes; any other Python that has both may be named by -DPYTHON_EXECUTABLE.")
endif()

foreach(wanted XNNPACK KERNELS_OPTIMIZED KERNELS_QUANTIZED EXTENSION_DATA_LOADER)
  set(EXECUTORCH_BUILD_${wanted} ON CACHE BOOL "The bridge links it" FORCE)
endforeach()
set(EXECUTORCH_BUILD_EXECUTOR_RUNNER OFF CACHE BOOL "Its program" FORCE)
set(EXECUTORCH_ENABLE_LOGGING ON CACHE BOOL "Reasons of failures" FORCE)
set(BUILD_SHARED_LIBS OFF)
set(BUILD_TESTING OFF)
# Its own code is C++17 with extensions, and slow beyond use unless it is optimized.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_EXTENSIONS ON)
foreach(language C CXX)
  string(APPEND CMAKE_${language}_FLAGS_DEBUG " -O2 -DNDEBUG")
endforeach()

include(FetchContent)
FetchContent_Declare(executorch EXCLUDE_FROM_ALL SYSTEM
  SOURCE_DIR ${FETCHCONTENT_BASE_DIR}/executorch  # it must be called that
  DOWNLOAD_COMMAND ${GIT} init -q <SOURCE_DIR>
  COMMAND ${GIT} -C <SOURCE_DIR> fetch -q --depth 1 https://github.com/pytorch/executorch.git ${executorch_commit}
  COMMAND ${GIT} -C <SOURCE_DIR> checkout -q --detach FETCH_HEAD
  COMMAND ${GIT} -C <SOURCE_DIR> submodule update -q --init --depth 1 -- ${submodules})
FetchContent_MakeAvailable(executorch)

target_link_libraries(handheld_executorch PRIVATE executorch executorch::backends executorch::extensions
                                                  executorch::kernels extension_threadpool)
target_link_options(handheld_executorch PRIVATE -Wl,--exclude-libs,ALL -Wl,--gc-sections)

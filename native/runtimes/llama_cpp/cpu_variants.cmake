# ggml's arithmetic (its CPU backend) as one small library for each kind of processor, beside libhandheld, which holds
# all the rest and loads the one that fits (cpu_variants.cpp has the same names). An APK is built once and runs
# everywhere: code for the newest phone would end the process on an old one, code for the oldest is 4 times slower.
if(NOT HH_SHARED)
  message(FATAL_ERROR "HH_CPU_VARIANTS needs HH_SHARED: the variants take their symbols from libhandheld")
endif()
set(CPU ${LLAMA}/ggml/src/ggml-cpu)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(arch arm)
  set(variants baseline dotprod i8mm)
  set(flags_baseline -march=armv8-a)
  set(flags_dotprod -march=armv8.2-a+fp16+dotprod)
  set(flags_i8mm -march=armv8.2-a+fp16+dotprod+i8mm)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(arch x86)
  set(variants baseline avx2)
  set(flags_baseline -msse4.2 -mpopcnt)  # what Android's x86_64 ABI guarantees
  set(flags_avx2 -mavx2 -mfma -mf16c -mbmi2 -mpopcnt)
else()
  message(FATAL_ERROR "There are no CPU variants for ${CMAKE_SYSTEM_PROCESSOR}")
endif()
file(GLOB sources ${CPU}/*.c ${CPU}/*.cpp ${CPU}/amx/*.cpp ${CPU}/llamafile/*.cpp ${CPU}/tiled/*.cpp)
list(APPEND sources ${CPU}/arch/${arch}/quants.c ${CPU}/arch/${arch}/repack.cpp)

# The library shows ggml's functions as well, for the variants to find them there.
target_compile_definitions(ggml-base PRIVATE GGML_SHARED GGML_BUILD)
target_compile_definitions(ggml PRIVATE GGML_SHARED GGML_BUILD)
set_target_properties(handheld PROPERTIES HH_EXPORTS ${CMAKE_CURRENT_SOURCE_DIR}/exports.map)
target_compile_definitions(handheld PRIVATE HH_CPU_VARIANTS)
if(NOT ANDROID)  # there, libraries are found by name in the APK
  target_link_options(handheld PRIVATE -Wl,-rpath,$ORIGIN)
endif()

foreach(variant IN LISTS variants)
  set(target ggml-cpu-${variant})
  add_library(${target} SHARED ${sources})
  target_include_directories(${target} SYSTEM PRIVATE ${LLAMA}/ggml/include ${LLAMA}/ggml/src ${CPU})
  target_compile_definitions(${target} PRIVATE GGML_BACKEND_DL GGML_BACKEND_BUILD GGML_BACKEND_SHARED GGML_SHARED
    GGML_USE_CPU_REPACK GGML_USE_LLAMAFILE GGML_SCHED_MAX_COPIES=4 _GNU_SOURCE _XOPEN_SOURCE=600)
  target_compile_options(${target} PRIVATE ${flags_${variant}})
  target_link_libraries(${target} PRIVATE handheld Threads::Threads m)
  target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,-z,max-page-size=16384 -Wl,-z,defs
                      -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/variant.map)
  set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
                        BUILD_RPATH_USE_ORIGIN ON)
  list(APPEND ggml_targets ${target})
endforeach()

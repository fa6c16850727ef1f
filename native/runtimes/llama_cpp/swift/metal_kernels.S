// The Metal kernels as text inside the library, a piece for each kernel file; the GPU's driver compiles them.
//
// ggml's CMake files join each kernel with the headers that it includes, cut the #include lines out and embed the result.
// SwiftPM writes no files, so the assembler joins them: it takes each file without its first bytes, which are those
// lines. The numbers hold for the pinned sources; a test compares the result with what CMake would embed.
#ifdef __APPLE__
.section __DATA,__ggml_metallib

.macro common
    .incbin "ggml-metal/ggml-metal-impl.h"
    .incbin "ggml-metal/kernels/common.h", 43
.endm

// ggml-common.h goes where dequantize.h says __embed_ggml-common.h__
.macro dequantize
    .incbin "ggml-metal/kernels/dequantize.h", 34, 101
    .incbin "ggml-common.h"
    .incbin "ggml-metal/kernels/dequantize.h", 159
.endm

.macro begin name
    .globl _ggml_metallib_\name\()_start
_ggml_metallib_\name\()_start:
    common
.endm

.macro finish name, skip
    .incbin "ggml-metal/kernels/\name\().metal", \skip
    .globl _ggml_metallib_\name\()_end
_ggml_metallib_\name\()_end:
.endm

// #include "common.h"
.macro plain name
    begin \name
    finish \name, 20
.endm

// and "dequantize.h"
.macro dequantizing name
    begin \name
    dequantize
    finish \name, 44
.endm

// and "fa_common.metal"
.macro attention name
    begin \name
    dequantize
    .incbin "ggml-metal/kernels/fa_common.metal"
    finish \name, 71
.endm

// or "fa_vec_common.metal"
.macro vector_attention name
    begin \name
    dequantize
    .incbin "ggml-metal/kernels/fa_vec_common.metal"
    finish \name, 75
.endm

// or "quantize.h"
.macro quantizing name
    begin \name
    dequantize
    .incbin "ggml-metal/kernels/quantize.h", 34
    finish \name, 66
.endm

plain argsort
plain binbcast
plain conv
plain gated_delta_net
plain misc
plain norm
plain pool
plain reduce
plain rope
plain softmax
plain solve_tri
plain ssm
plain tri
plain unary
plain upscale
plain wkv
dequantizing fa_aux
dequantizing mul_mm
dequantizing mul_mv
attention fa_f16
attention fa_f32
attention fa_q4_0
attention fa_q4_1
attention fa_q5_0
attention fa_q5_1
attention fa_q8_0
vector_attention fa_vec_f16
vector_attention fa_vec_f32
vector_attention fa_vec_q4_0
vector_attention fa_vec_q4_1
vector_attention fa_vec_q5_0
vector_attention fa_vec_q5_1
vector_attention fa_vec_q8_0
quantizing quantize
#endif

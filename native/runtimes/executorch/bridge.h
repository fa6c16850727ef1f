/*
 * The C boundary between the core and ExecuTorch's C++ libraries: bridge.cpp is a library of its own, which is linked to
 * them and opened when a model is loaded, so that a missing one is a status.
 *
 * Nothing is thrown across it. Functions that can fail give 0 or ExecuTorch's own error number (runtime/core/error.h), or
 * one of the numbers below; hh_et_words() of the same thread then says what ExecuTorch said.
 */
#ifndef HH_EXECUTORCH_BRIDGE_H
#define HH_EXECUTORCH_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HH_ET_MAX_RANK 16

enum {
    HH_ET_MORE = 0x1000,      /* hh_et_step: not finished yet */
    HH_ET_OPERATOR = 0x1001,  /* an operator that is not in the libraries; hh_et_has_operator tells which */
    HH_ET_BACKEND = 0x1002,   /* a delegate that is not in the libraries; hh_et_words is its name */
    HH_ET_PORT = 0x1003,      /* an input or output that is no dense row-major tensor on the CPU; hh_et_words says what */
    HH_ET_METHOD = 0x1004,    /* no method "forward"; hh_et_words lists those there are */
    HH_ET_MEMORY = 0x1005,    /* not enough memory */
    HH_ET_STOPPED = 0x1006    /* a check inside of ExecuTorch failed that would have ended the process */
};

/* One input or output. */
typedef struct hh_et_port {
    int32_t type; /* ExecuTorch's ScalarType */
    int32_t rank;
    int32_t bounded; /* 1 if the sizes may change and are the largest ones, 0 if they are fixed */
    int32_t reserved;
    int64_t sizes[HH_ET_MAX_RANK];
    char name[256]; /* what the program calls it, or empty */
} hh_et_port;

typedef struct hh_et_model hh_et_model;

/* What ExecuTorch logged last on this thread about an error, or a name as said above. Valid until the next call. */
typedef const char *hh_et_words_fn(void);

/*
 * Opens a program and loads its method "forward". `path` is mapped; without one, `size` bytes at `data` are used, which
 * have to stay there and to begin at a multiple of 16 bytes.
 * threads: 1 computes on the caller's thread; more use ExecuTorch's one pool, whose size the first such model decides.
 */
typedef int32_t hh_et_open_fn(const char *path, const void *data, size_t size, int32_t threads, hh_et_model **out);
typedef void hh_et_close_fn(hh_et_model *model);

/* 1 if the libraries have the operator, as in "aten::add.out". */
typedef int32_t hh_et_has_operator_fn(const char *name);

/* is_output: 0 for inputs. */
typedef size_t hh_et_count_fn(const hh_et_model *model, int32_t is_output);
typedef void hh_et_port_fn(const hh_et_model *model, int32_t is_output, size_t index, hh_et_port *out);
/* The text that a constant method gives, or NULL if there is no such method. Valid as long as the model. */
typedef const char *hh_et_text_fn(hh_et_model *model, const char *method);
/* The name of each delegate, or NULL behind the last one. */
typedef const char *hh_et_delegate_fn(const hh_et_model *model, size_t index);
/* Threads that compute, and bytes planned for what is computed. */
typedef int32_t hh_et_threads_fn(const hh_et_model *model);
typedef uint64_t hh_et_planned_fn(const hh_et_model *model);

/* Begins a run. What was stopped or failed before is forgotten, which takes as long as loading. */
typedef int32_t hh_et_begin_fn(hh_et_model *model);
/* Lends an input, row-major, until the run has ended; `rank` and type as the port says. */
typedef int32_t hh_et_set_input_fn(hh_et_model *model, size_t index, const int64_t *sizes, const void *data);
/* Lends memory for an output that the program leaves to us: bytes it may take, 0 if it has its own. */
typedef size_t hh_et_output_room_fn(const hh_et_model *model, size_t index);
typedef int32_t hh_et_set_output_fn(hh_et_model *model, size_t index, void *data, size_t bytes);
/* One instruction: an operator or a delegate. 0 when the run is complete, HH_ET_MORE before. */
typedef int32_t hh_et_step_fn(hh_et_model *model);
/* An output of the last run; valid until the next one. */
typedef int32_t hh_et_get_output_fn(hh_et_model *model, size_t index, hh_et_port *out, const void **data, size_t *bytes);

/* All of them, by one name: hh_et_functions(). */
typedef struct hh_et_api {
    hh_et_words_fn *words;
    hh_et_open_fn *open;
    hh_et_close_fn *close;
    hh_et_has_operator_fn *has_operator;
    hh_et_count_fn *count;
    hh_et_port_fn *port;
    hh_et_text_fn *text;
    hh_et_delegate_fn *delegate;
    hh_et_threads_fn *threads;
    hh_et_planned_fn *planned;
    hh_et_begin_fn *begin;
    hh_et_set_input_fn *set_input;
    hh_et_output_room_fn *output_room;
    hh_et_set_output_fn *set_output;
    hh_et_step_fn *step;
    hh_et_get_output_fn *get_output;
} hh_et_api;

__attribute__((visibility("default"))) const hh_et_api *hh_et_functions(void);

#ifdef __cplusplus
}
#endif

#endif

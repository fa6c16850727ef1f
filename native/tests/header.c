/* Compiles the public header as C; nothing here runs. */
#include "handheld.h"

int header_compiles_as_c(void);
int header_compiles_as_c(void) {
    hh_task_options options = HH_TASK_OPTIONS_INIT;
    hh_value value = HH_VALUE_INIT;
    hh_error error = HH_ERROR_INIT;
    hh_file file = HH_FILE_INIT;
    return (int)options.struct_size + (int)value.kind + (int)error.code + file.fd;
}

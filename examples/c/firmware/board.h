/* What the firmware's main needs of the board. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>

void board_print(const char *text, size_t size);
__attribute__((noreturn)) void board_exit(int code);

#endif

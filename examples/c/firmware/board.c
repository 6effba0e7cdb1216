/* The least that a Cortex-M needs before main, and text output by semihosting. */
#include <stdint.h>
#include <string.h>

#include "board.h"

extern uint64_t data_start[], data_end[], data_source[], bss_start[], bss_end[], stack_top[];

int main(void);

/* Asks the debugger, here the emulator, for something. */
static int semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void board_print(const char *text, size_t size) {
  char chunk[64];
  while (size > 0) {
    size_t part = size < sizeof chunk - 1 ? size : sizeof chunk - 1;
    memcpy(chunk, text, part);
    chunk[part] = 0;
    semihost(0x04, chunk); /* SYS_WRITE0 */
    text += part;
    size -= part;
  }
}

void board_exit(int code) {
  uint32_t block[2];
  block[0] = 0x20026; /* ADP_Stopped_ApplicationExit */
  block[1] = (uint32_t)code;
  semihost(0x20, block); /* SYS_EXIT_EXTENDED */
  for (;;) {
  }
}

/* What the library would call if it failed itself. */
void abort(void) {
  board_exit(134);
}

static void fault(void) {
  board_exit(139);
}

void reset(void) {
  memcpy(data_start, data_source, (size_t)((char *)data_end - (char *)data_start));
  memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
  board_exit(main());
}

/* Initial stack pointer, and what handles each exception; those of peripherals are not in use. */
__attribute__((section(".vectors"), used)) static const struct {
  void *stack;
  void (*handlers[15])(void);
} vectors = {
    stack_top,
    {reset, fault, fault, fault, fault, fault, NULL, NULL, NULL, NULL, fault, fault, NULL, fault, fault},
};

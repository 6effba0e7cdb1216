/* A Cortex-M3 that runs a rule from flash, in 4 KiB of RAM, some steps per turn of its main loop. */
#include <string.h>

#include "board.h"
#include "blink.h"
#include "mog.h"

static uint64_t arena[4096 / 8];
static mog_module module;
static mog_instance vm;
static uint32_t leds;

static void print(const char *text) {
  board_print(text, strlen(text));
}

static mog_status print_line(mog_instance *own, const mog_value *args, void *user) {
  (void)own;
  (void)user;
  board_print(args[0].as.text.data, args[0].as.text.size);
  print("\n");
  return MOG_OK;
}

static mog_status led_set(mog_instance *own, const mog_value *args, void *user) {
  uint32_t *port = (uint32_t *)user;
  if (args[0].as.integer < 0 || args[0].as.integer > 31) return mog_fail(own, "no such led");
  *port &= ~(1u << args[0].as.integer);
  *port |= (uint32_t)args[1].as.integer << args[0].as.integer;
  return MOG_OK;
}

static mog_status led_all(mog_instance *own, const mog_value *args, void *user) {
  (void)args;
  return mog_return(own, mog_int(*(uint32_t *)user));
}

/* All of it can stay in flash. */
static const mog_capability capabilities[] = {
    {"out.println", "(text: string)", print_line, NULL},
    {"led.set", "(pin: int, on: bool)", led_set, &leds},
    {"led.all", "() -> int", led_all, &leds},
};

int main(void) {
  mog_config config = mog_grant(capabilities, sizeof capabilities / sizeof *capabilities, NULL);
  int turns = 1;
  char message[80];
  mog_status status = mog_load(&module, mog_blink, sizeof mog_blink);
  if (status == MOG_OK) status = mog_new(&vm, &module, arena, sizeof arena, &config);
  if (status == MOG_OK) status = mog_start(&vm, 1000);
  if (status == MOG_OK) status = mog_call(&vm, "main", NULL, 0, 200);
  while (status == MOG_PAUSED) {
    /* Whatever else the firmware has to do. */
    turns++;
    status = mog_resume(&vm, 200);
  }
  if (mog_message(&vm, message, sizeof message) == MOG_OK) print(message);
  print(turns > 5 ? ", after some turns of the loop\n" : ", at once\n");
  return status != MOG_TRAP || leds != 0xa0;
}

/* Host functions with user data, arguments and results of all the types that C has a form for, failures, and a call
 * of a program's own function. */
#include <stdio.h>

#include "callbacks.h"
#include "mog.h"

/* What the functions of one capability share. */
typedef struct board {
  uint32_t leds;
  unsigned writes;
} board;

static mog_status print_line(mog_instance *vm, const mog_value *args, void *user) {
  (void)vm;
  fprintf((FILE *)user, "%.*s\n", (int)args[0].as.text.size, args[0].as.text.data);
  return MOG_OK;
}

static mog_status led_set(mog_instance *vm, const mog_value *args, void *user) {
  board *own = (board *)user;
  if (args[0].as.integer < 0 || args[0].as.integer > 7) return mog_fail(vm, "there are leds 0 to 7");
  if (args[1].as.integer) {
    own->leds |= 1u << args[0].as.integer;
  } else {
    own->leds &= ~(1u << args[0].as.integer);
  }
  own->writes++;
  return MOG_OK;
}

static mog_status led_all(mog_instance *vm, const mog_value *args, void *user) {
  (void)args;
  return mog_return(vm, mog_int(((board *)user)->leds));
}

/* An array of floats is a `float[]`. */
static mog_status wave_peak(mog_instance *vm, const mog_value *args, void *user) {
  const float *samples = (const float *)args[0].as.bytes.data;
  size_t count = args[0].as.bytes.size / sizeof *samples;
  float peak = 0;
  size_t i;
  (void)user;
  for (i = 0; i < count; i++) {
    if (samples[i] > peak) peak = samples[i];
  }
  return mog_return(vm, mog_float(peak));
}

static mog_status wave_ramp(mog_instance *vm, const mog_value *args, void *user) {
  uint8_t ramp[16];
  size_t count = (size_t)args[0].as.integer;
  size_t i;
  (void)user;
  if (args[0].as.integer < 0 || count > sizeof ramp) return mog_fail(vm, "too long");
  for (i = 0; i < count; i++) ramp[i] = (uint8_t)(i * i);
  return mog_return(vm, mog_array(ramp, count));
}

/* An optional result; and a piece of an argument returned without a copy of ours. */
static mog_status text_after(mog_instance *vm, const mog_value *args, void *user) {
  mog_text text = args[0].as.text;
  size_t i;
  (void)user;
  for (i = 0; i < text.size; i++) {
    if (text.data[i] == ':') return mog_return(vm, mog_string_of(text.data + i + 1, text.size - i - 1));
  }
  return mog_return(vm, mog_none());
}

int main(void) {
  static uint64_t arena[1024];
  static mog_module module;
  static mog_instance vm;
  static board state;
  mog_capability capabilities[] = {
      {"out.println", "(text: string)", print_line, stdout},
      {"led.set", "(pin: int, on: bool)", led_set, NULL},
      {"led.all", "() -> int", led_all, NULL},
      {"wave.peak", "(samples: [f32]) -> float", wave_peak, NULL},
      {"wave.ramp", "(count: int) -> [u8]", wave_ramp, NULL},
      {"text.after", "(text: string) -> ?string", text_after, NULL},
  };
  mog_config config = mog_grant(capabilities, sizeof capabilities / sizeof *capabilities, &state);
  mog_value args[2];
  mog_value result;
  mog_status status = mog_load(&module, mog_callbacks, sizeof mog_callbacks);
  if (status == MOG_OK) status = mog_new(&vm, &module, arena, sizeof arena, &config);
  if (status == MOG_OK) status = mog_start(&vm, 100000);
  if (status == MOG_OK) status = mog_call(&vm, "main", NULL, 0, 100000);
  if (status == MOG_OK) {
    args[0] = mog_string("kelvin");
    args[1] = mog_float(21.5);
    status = mog_call(&vm, "label", args, 2, 100000);
  }
  if (status == MOG_OK) status = mog_result(&vm, &result);
  if (status != MOG_OK) {
    char message[128];
    printf("%s\n", mog_message(&vm, message, sizeof message) == MOG_OK ? message : mog_describe(status));
    return 1;
  }
  printf("label: %.*s\n", (int)result.as.text.size, result.as.text.data);
  printf("leds %u after %u writes\n", (unsigned)state.leds, state.writes);
  return 0;
}

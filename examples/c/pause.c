/* A program gets some steps per turn of the main loop. It waits for a sensor without stopping the loop, is saved in the
 * middle, and goes on in another arena. */
#include <stdio.h>

#include "mog.h"
#include "pause.h"

/* The sensor takes some turns to answer; the channel serves as the token. */
typedef struct sensor {
  int turns_left[4];
} sensor;

static mog_status print_line(mog_instance *vm, const mog_value *args, void *user) {
  (void)vm;
  (void)user;
  printf("  %.*s\n", (int)args[0].as.text.size, args[0].as.text.data);
  return MOG_OK;
}

static mog_status sensor_read(mog_instance *vm, const mog_value *args, void *user) {
  sensor *own = (sensor *)user;
  uint32_t token;
  if (mog_resumed(vm, &token) == MOG_OK) return mog_return(vm, mog_int(100 + (int64_t)token));
  if (args[0].as.integer < 0 || args[0].as.integer > 3) return mog_fail(vm, "no such channel");
  token = (uint32_t)args[0].as.integer;
  own->turns_left[token] = 5 - (int)token;
  return mog_pending(vm, token);
}

static const mog_capability capabilities[] = {
    {"out.println", "(text: string)", print_line, NULL},
    {"sensor.read", "(channel: int) -> int", sensor_read, NULL},
};

int main(void) {
  static uint64_t arenas[2][1024];
  static unsigned char saved[8192];
  static mog_module module;
  static mog_instance vm;
  static sensor sensors;
  mog_config config = mog_grant(capabilities, 2, &sensors);
  size_t size;
  mog_counts counts;
  int turns = 0, pauses = 0;
  uint32_t token;
  mog_status status = mog_load(&module, mog_pause, sizeof mog_pause);
  if (status == MOG_OK) status = mog_new(&vm, &module, arenas[0], sizeof arenas[0], &config);
  if (status == MOG_OK) status = mog_start(&vm, 10000);
  if (status == MOG_OK) status = mog_call(&vm, "main", NULL, 0, 500);
  while (status == MOG_PAUSED || status == MOG_WAITING) {
    turns++;
    pauses += status == MOG_PAUSED;
    for (token = 0; token < 4; token++) {
      if (sensors.turns_left[token] > 0 && --sensors.turns_left[token] == 0) {
        if (mog_complete(&vm, token) != MOG_OK) printf("nobody waits for %u\n", (unsigned)token);
      }
    }
    if (turns == 3) {
      /* Power off, power on. */
      if (mog_snapshot(&vm, saved, sizeof saved, &size) != MOG_OK) return 1;
      status = mog_restore(&vm, &module, arenas[1], sizeof arenas[1], &config, saved, size);
      if (status != MOG_OK) break;
      printf("  (saved and restored)\n");
    }
    status = mog_resume(&vm, 500);
  }
  if (mog_counters(&vm, &counts) != MOG_OK) return 1;
  printf("%s, %s pauses, %lu host calls\n", mog_describe(status), pauses > 3 ? "some" : "few",
         (unsigned long)counts.host_calls);
  return status;
}

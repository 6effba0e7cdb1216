/* One module, verified once; two instances, each with an arena, user data and module-wide variables of its own. They take
 * turns, and the end of one is nothing to the other. */
#include <stdio.h>

#include "counter.h"
#include "mog.h"

static mog_status print_line(mog_instance *vm, const mog_value *args, void *user) {
  (void)vm;
  printf("%s: %.*s\n", (const char *)user, (int)args[0].as.text.size, args[0].as.text.data);
  return MOG_OK;
}

static const mog_capability capabilities[] = {{"out.println", "(text: string)", print_line, NULL}};

int main(void) {
  static uint64_t arenas[2][512];
  static mog_instance instances[2];
  static mog_module module;
  static char names[2][6] = {"left", "right"};
  int turn, i;
  mog_status status = mog_load(&module, mog_counter, sizeof mog_counter);
  if (status != MOG_OK) return 1;
  for (i = 0; i < 2; i++) {
    mog_config config = mog_grant(capabilities, 1, names[i]);
    if (mog_new(&instances[i], &module, arenas[i], sizeof arenas[i], &config) != MOG_OK) return 1;
    if (mog_start(&instances[i], 10000) != MOG_OK) return 1;
  }
  for (turn = 1; turn <= 3; turn++) {
    for (i = 0; i < 2; i++) {
      mog_value by = mog_int(i == 0 ? turn : 10 * turn);
      status = mog_call(&instances[i], "add", &by, 1, 10000);
      if (status != MOG_OK) printf("%s: %s\n", names[i], mog_describe(status));
    }
  }
  for (i = 0; i < 2; i++) {
    mog_value total;
    mog_counts counts;
    if (mog_call(&instances[i], "get", NULL, 0, 10000) != MOG_OK) return 1;
    if (mog_result(&instances[i], &total) != MOG_OK) return 1;
    if (mog_counters(&instances[i], &counts) != MOG_OK) return 1;
    printf("%s: %ld, %lu host calls\n", names[i], (long)total.as.integer, (unsigned long)counts.host_calls);
  }
  return 0;
}

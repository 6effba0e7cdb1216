/* The smallest host: a program prints through the one function that it was granted. */
#include <stdio.h>

#include "hello.h"
#include "mog.h"

static mog_status print_line(mog_instance *vm, const mog_value *args, void *user) {
  (void)vm;
  (void)user;
  printf("%.*s\n", (int)args[0].as.text.size, args[0].as.text.data);
  return MOG_OK;
}

int main(void) {
  static uint64_t arena[1024];
  static mog_module module;
  static mog_instance vm;
  mog_capability capabilities[] = {{"out.println", "(text: string)", print_line, NULL}};
  mog_config config = mog_grant(capabilities, 1, NULL);

  mog_status status = mog_load(&module, mog_hello, sizeof mog_hello);
  if (status == MOG_OK) status = mog_new(&vm, &module, arena, sizeof arena, &config);
  if (status == MOG_OK) status = mog_start(&vm, 10000);
  if (status == MOG_OK) status = mog_call(&vm, "main", NULL, 0, 10000);
  if (status != MOG_OK) printf("%s\n", mog_describe(status));
  return status;
}

/* Everything that can go wrong is a status: what is handed to the library, what it is asked for, and how programs end. */
#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "mog.h"
#include "requires.h"

static uint64_t arena[512];
static mog_module module;
static mog_instance vm;

/* One line for each thing that is tried. */
static void show(const char *what, mog_status status) {
  printf("%-28s %s\n", what, mog_describe(status));
}

/* How a program ended, and where. */
static void report(const char *what, mog_status status) {
  char message[96];
  mog_place place;
  size_t depth;
  show(what, status);
  if (status == MOG_OK || status >= MOG_NOT_A_MODULE) return;
  if (mog_message(&vm, message, sizeof message) == MOG_OK) printf("    %s\n", message);
  for (depth = 0; depth < 3 && mog_place_at(&vm, depth, &place) == MOG_OK; depth++) {
    printf("    %s %.*s (line %u)\n", depth == 0 ? "at" : "called from", (int)place.function.size,
           place.function.data, (unsigned)place.line);
  }
}

static mog_status no_value(mog_instance *own, const mog_value *args, void *user) {
  (void)own;
  (void)args;
  (void)user;
  return MOG_OK;
}

static void modules(void) {
  /* One word more than the module, to put it where it must not lie. */
  static uint32_t room[sizeof mog_errors / 4 + 1];
  unsigned char *bytes = (unsigned char *)room;
  memcpy(bytes + 1, mog_errors, sizeof mog_errors);
  show("module: null", mog_load(&module, NULL, 100));
  show("module: no storage", mog_load(NULL, mog_errors, sizeof mog_errors));
  show("module: misaligned", mog_load(&module, bytes + 1, sizeof mog_errors));
  memcpy(bytes, mog_errors, sizeof mog_errors);
  show("module: empty", mog_load(&module, bytes, 0));
  show("module: truncated", mog_load(&module, bytes, sizeof mog_errors - 4));
  show("module: too long", mog_load(&module, bytes, sizeof room));
  bytes[3] = 9;
  show("module: other version", mog_load(&module, bytes, sizeof mog_errors));
  bytes[0] = 'X';
  show("module: something else", mog_load(&module, bytes, sizeof mog_errors));
  memcpy(bytes, mog_errors, sizeof mog_errors);
  bytes[40] = 0xff;
  show("module: damaged", mog_load(&module, bytes, sizeof mog_errors));
  show("instance of that", mog_new(&vm, &module, arena, sizeof arena, NULL));
}

static void instances(void) {
  static const mog_capability wrong_types = {"led.set", "(pin: float)", no_value, NULL};
  static const mog_capability wrong_text = {"led.set", "(pin: int", no_value, NULL};
  static const mog_capability wrong_name = {"led", "()", no_value, NULL};
  static const mog_capability no_function = {"led.set", "(pin: int, on: bool)", NULL, NULL};
  mog_module demanding;
  mog_config config;
  size_t floor;
  char message[128];
  show("load", mog_load(&module, mog_errors, sizeof mog_errors));
  show("memory floor", mog_memory_floor(&module, &floor));
  show("arena: null", mog_new(&vm, &module, NULL, sizeof arena, NULL));
  show("arena: misaligned", mog_new(&vm, &module, (char *)arena + 4, sizeof arena - 8, NULL));
  show("arena: too small", mog_new(&vm, &module, arena, floor - 8, NULL));
  show("arena: just enough", mog_new(&vm, &module, arena, floor, NULL));
  show("arena: the module's own", mog_new(&vm, &module, &module, sizeof module, NULL));
  show("no module", mog_new(&vm, NULL, arena, sizeof arena, NULL));
  config = mog_grant(&wrong_types, 1, NULL);
  show("other types", mog_new(&vm, &module, arena, sizeof arena, &config));
  if (mog_message(&vm, message, sizeof message) == MOG_OK) printf("    %s\n", message);
  config = mog_grant(&wrong_text, 1, NULL);
  show("signature not closed", mog_new(&vm, &module, arena, sizeof arena, &config));
  if (mog_message(&vm, message, sizeof message) == MOG_OK) printf("    %s\n", message);
  config = mog_grant(&wrong_name, 1, NULL);
  show("name without a dot", mog_new(&vm, &module, arena, sizeof arena, &config));
  config = mog_grant(&no_function, 1, NULL);
  show("no function", mog_new(&vm, &module, arena, sizeof arena, &config));
  config = mog_grant(NULL, 1, NULL);
  show("no table", mog_new(&vm, &module, arena, sizeof arena, &config));
  if (mog_load(&demanding, mog_requires, sizeof mog_requires) != MOG_OK) return;
  show("nothing of it granted", mog_new(&vm, &demanding, arena, sizeof arena, NULL));
  if (mog_message(&vm, message, sizeof message) == MOG_OK) printf("    %s\n", message);
  show("start after that", mog_start(&vm, 100));
}

static void calls(void) {
  static const mog_capability capabilities[] = {{"led.all", "() -> int", no_value, NULL}};
  mog_config config = mog_grant(capabilities, 1, NULL);
  mog_value arg, result;
  mog_trap_code trap;
  char message[16];
  show("new", mog_new(&vm, &module, arena, sizeof arena, &config));
  show("call before the start", mog_call(&vm, "spin", NULL, 0, 100));
  show("start", mog_start(&vm, 1000));
  show("no such function", mog_call(&vm, "missing", NULL, 0, 100));
  show("null for a name", mog_call(&vm, NULL, NULL, 0, 100));
  show("too few arguments", mog_call(&vm, "at", NULL, 0, 100));
  show("null for arguments", mog_call(&vm, "at", NULL, 1, 100));
  arg = mog_float(1.5);
  show("argument of another type", mog_call(&vm, "at", &arg, 1, 100));
  show("nothing to go on with", mog_resume(&vm, 100));
  show("no result", mog_result(&vm, &result));
  arg = mog_int(2);
  show("at(2)", mog_call(&vm, "at", &arg, 1, 1000));
  show("result", mog_result(&vm, &result));
  printf("    %ld\n", (long)result.as.integer);
  arg = mog_int(3);
  report("at(3)", mog_call(&vm, "at", &arg, 1, 1000));
  show("which trap", mog_trap(&vm, &trap));
  printf("    %s\n", trap == MOG_TRAP_INDEX_OUT_OF_RANGE ? "MOG_TRAP_INDEX_OUT_OF_RANGE" : "another");
  show("cut message", mog_message(&vm, message, sizeof message));
  printf("    %s\n", message);
  arg = mog_string("the host\xc3\xa9s own words");
  report("stop", mog_call(&vm, "stop", &arg, 1, 1000));
  arg = mog_string("\xff");
  show("not UTF-8", mog_call(&vm, "stop", &arg, 1, 1000));
  arg = mog_int(7);
  report("half(7)", mog_call(&vm, "half", &arg, 1, 1000));
  arg = mog_int(8);
  report("half(8)", mog_call(&vm, "half", &arg, 1, 1000));
  if (mog_result(&vm, &result) == MOG_OK) printf("    %ld\n", (long)result.as.integer);
  report("not granted", mog_call(&vm, "blink", NULL, 0, 1000));
  report("function without a value", mog_call(&vm, "broken", NULL, 0, 1000));
  report("too much memory", mog_call(&vm, "fill", NULL, 0, 1000000));
  arg = mog_int(0);
  report("calls nest too deep", mog_call(&vm, "deep", &arg, 1, 1000000));
  report("endless", mog_call(&vm, "spin", NULL, 0, 1000));
  show("no pending call", mog_complete(&vm, 1));
  show("goes on", mog_resume(&vm, 1000));
}

int main(void) {
  modules();
  instances();
  calls();
  show("status of another library", 4711);
  return 0;
}

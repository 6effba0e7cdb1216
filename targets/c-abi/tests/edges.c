/* Where a value could be read that is not there any more, or that is written to meanwhile: each has its answer. */
#include <stdio.h>
#include <string.h>

#include "edges.h"
#include "mog.h"

static uint64_t arena[1024];
static mog_module module;
static mog_instance vm;
static int failures;

static void expect(const char *what, mog_status status, mog_status due) {
  if (status == due) return;
  printf("%s: %s (%d), not %s\n", what, mog_describe(status), (int)status, mog_describe(due));
  failures++;
}

/* The result may lie where the argument did. */
static mog_status flip(mog_instance *running, const mog_value *args, void *user) {
  mog_text name;
  uint32_t number;
  mog_status status;
  (void)user;
  expect("a variant", mog_variant(running, args[0], &number, &name), MOG_OK);
  status = mog_return(running, mog_case(1 - number, NULL, 0));
  expect("an argument after the result", mog_variant(running, args[0], &number, &name), MOG_STALE);
  expect("returning an argument after the result", mog_return(running, args[0]), MOG_STALE);
  expect("room after the result", mog_reserve(running, 64), MOG_STALE);
  expect("waiting after the result", mog_pending(running, 1), MOG_STALE);
  return status;
}

static mog_status text(mog_instance *running, const mog_value *args, void *user) {
  mog_status status = mog_return(running, mog_string("other"));
  (void)user;
  expect("returning a text after the result", mog_return(running, args[0]), MOG_STALE);
  return status;
}

static mog_value result_of(const char *name, mog_value arg) {
  mog_value result = mog_none();
  expect(name, mog_call(&vm, name, &arg, 1, 10000), MOG_OK);
  expect("a result", mog_result(&vm, &result), MOG_OK);
  return result;
}

int main(void) {
  mog_capability capabilities[] = {
      {"edge.flip", "(side: Side) -> Side", flip, NULL},
      {"edge.text", "(text: string) -> string", text, NULL},
  };
  mog_config config = mog_grant(capabilities, sizeof capabilities / sizeof *capabilities, NULL);
  mog_value side, other, args[2];
  mog_text name;
  uint32_t number = 0;
  expect("loading", mog_load(&module, mog_edges, sizeof mog_edges), MOG_OK);

  /* A field that is called as declarations begin declares nothing. */
  config.types = "struct A { enum: Side }";
  expect("an undeclared type", mog_new(&vm, &module, arena, sizeof arena, &config), MOG_BAD_CAPABILITY);

  config.types = "enum Side { Left, Right }";
  expect("an instance", mog_new(&vm, &module, arena, sizeof arena, &config), MOG_OK);
  expect("starting", mog_start(&vm, 1000), MOG_OK);
  side = result_of("flip", mog_case(0, NULL, 0));
  expect("the result's variant", mog_variant(&vm, side, &number, &name), MOG_OK);
  if (number != 1) expect("the variant that was returned", MOG_FAILED, MOG_OK);
  other = result_of("text", mog_string("one"));
  if (other.as.text.size != 5 || memcmp(other.as.text.data, "other", 5) != 0) expect("a text", MOG_FAILED, MOG_OK);

  /* Arguments in the arena would be written over while they are read. */
  args[0] = args[1] = mog_string("text");
  memcpy(&arena[700], args, sizeof args);
  expect("arguments in the arena", mog_call(&vm, "join", (const mog_value *)&arena[700], 2, 10000), MOG_OVERLAP);
  expect("arguments", mog_call(&vm, "join", args, 2, 10000), MOG_OK);

  /* No handle outlives its instance, though nothing came of the next one. */
  side = result_of("flip", mog_case(0, NULL, 0));
  expect("no instance", mog_new(&vm, &module, NULL, 0, &config), MOG_NULL);
  expect("another instance", mog_new(&vm, &module, arena, sizeof arena, &config), MOG_OK);
  expect("starting again", mog_start(&vm, 1000), MOG_OK);
  result_of("text", mog_string("one"));
  result_of("flip", mog_case(1, NULL, 0));
  expect("a handle of before", mog_variant(&vm, side, &number, &name), MOG_STALE);
  if (failures == 0) puts("done");
  return failures > 0;
}

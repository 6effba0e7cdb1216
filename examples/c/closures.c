/* Functions of the program's that a host function is handed: the host never runs them itself. It answers which is to be
 * called with what, and is called again with a token of its own and what the function gave. So all that it has to know is in
 * the token, or in memory that the token names. */
#include <stdio.h>

#include "closures.h"
#include "mog.h"

static const char types[] =
    "struct Vec3 { x: float, y: float, z: float }\n"
    "enum Kind { Monster(int), Chest, Door(Vec3) }\n"
    "struct Entity { name: string, kind: Kind, at: Vec3, tags: [string] }";

static const char *const names[] = {"orc", "chest", "wolf", "gate"};
#define ENTITIES 4

typedef struct made_entity {
  mog_value at[3], level, fields[4];
} made_entity;

static mog_value make_entity(size_t index, made_entity *to) {
  to->at[0] = mog_float((double)(index * 3 % ENTITIES));
  to->at[1] = to->at[2] = mog_float(0);
  to->level = mog_int((int64_t)index);
  to->fields[0] = mog_string(names[index]);
  to->fields[1] = mog_case(0, &to->level, 1);
  to->fields[2] = mog_items(to->at, 3);
  to->fields[3] = mog_items(NULL, 0);
  return mog_items(to->fields, 4);
}

static mog_status print_line(mog_instance *vm, const mog_value *args, void *user) {
  (void)vm;
  (void)user;
  printf("%.*s\n", (int)args[0].as.text.size, args[0].as.text.data);
  return MOG_OK;
}

/* Calls `visit` with each entity, and counts for how many it gave true. The token: how many were visited, and the count. A
 * program that somebody made by hand could bring any token, and any number in it. */
static mog_status each_entity(mog_instance *vm, const mog_value *args, void *user) {
  uint32_t token = 0, visited, count;
  made_entity made;
  mog_value answer, entity;
  (void)args;
  (void)user;
  if (mog_resumed(vm, &token) == MOG_OK) {
    if (mog_answer(vm, &answer) != MOG_OK || answer.type != MOG_BOOL) return mog_fail(vm, "a yes or a no is due");
    token += 1 + (answer.as.integer ? 0x100 : 0);
  }
  visited = token & 0xff;
  count = token >> 8;
  if (visited >= ENTITIES) return mog_return(vm, mog_int(count));
  entity = make_entity(visited, &made);
  return mog_call_back(vm, 0, token, &entity, 1);
}

/* The entity that is better than the others. They are the program's own, which are handed on as they are. The token: which
 * is the best so far, and which is looked at. */
static mog_status best(mog_instance *vm, const mog_value *args, void *user) {
  uint32_t token = 0, winner, other;
  mog_value answer, pair[2];
  size_t count;
  (void)user;
  if (mog_length(vm, args[0], &count) != MOG_OK || count > 0xffff) return mog_fail(vm, "too many");
  if (count == 0) return mog_return(vm, mog_none());
  winner = 0;
  other = 0;
  if (mog_resumed(vm, &token) == MOG_OK) {
    winner = token >> 16;
    other = token & 0xffff;
    if (mog_answer(vm, &answer) == MOG_OK && answer.as.integer) winner = other;
  }
  other++;
  if (mog_item(vm, args[0], winner, &pair[1]) != MOG_OK) return mog_fail(vm, "there is no such entity");
  if (other >= count) return mog_return(vm, pair[1]);
  if (mog_item(vm, args[0], other, &pair[0]) != MOG_OK) return mog_fail(vm, "there is no such entity");
  return mog_call_back(vm, 1, winner << 16 | other, pair, 2);
}

static mog_status all_entities(mog_instance *vm, const mog_value *args, void *user) {
  made_entity made[ENTITIES];
  mog_value all[ENTITIES];
  size_t i;
  (void)args;
  (void)user;
  for (i = 0; i < ENTITIES; i++) all[i] = make_entity(i, &made[i]);
  return mog_return(vm, mog_items(all, ENTITIES));
}

/* What can be wrong with calling back. */
static mog_status try_all(mog_instance *vm, const mog_value *args, void *user) {
  mog_value nothing = mog_none();
  (void)user;
  printf("a value that is no function: %s\n", mog_describe(mog_call_back(vm, 0, 1, args, 1)));
  printf("an argument beyond the last: %s\n", mog_describe(mog_call_back(vm, 9, 1, args, 1)));
  printf("too few values: %s\n", mog_describe(mog_call_back(vm, 1, 1, args, 0)));
  printf("no values: %s\n", mog_describe(mog_call_back(vm, 1, 1, NULL, 1)));
  printf("a value of another type: %s\n", mog_describe(mog_call_back(vm, 1, 1, &nothing, 1)));
  printf("no answer yet: %s\n", mog_describe(mog_answer(vm, &nothing)));
  printf("one that fits: %s\n", mog_describe(mog_call_back(vm, 1, 1, args, 1)));
  /* And then not to answer that: nothing is called. */
  return mog_return(vm, mog_int(5));
}

int main(void) {
  static uint64_t arena[2048];
  static mog_module module;
  static mog_instance vm;
  mog_capability capabilities[] = {
      {"out.println", "(text: string)", print_line, NULL},
      {"world.all", "() -> [Entity]", all_entities, NULL},
      {"world.each_entity", "(visit: fn(Entity) -> bool) -> int", each_entity, NULL},
      {"world.best", "(of: [Entity], is_better: fn(Entity, Entity) -> bool) -> ?Entity", best, NULL},
      {"world.try_all", "(number: int, double: fn(int) -> int) -> int", try_all, NULL},
  };
  mog_config config = mog_grant(capabilities, sizeof capabilities / sizeof *capabilities, NULL);
  mog_status status = mog_load(&module, mog_closures, sizeof mog_closures);
  char message[160];
  int pauses = 0;
  config.types = types;
  if (status == MOG_OK) status = mog_new(&vm, &module, arena, sizeof arena, &config);
  if (status == MOG_OK) status = mog_start(&vm, 100000);
  /* A few steps at a time: it makes no difference where it pauses. */
  if (status == MOG_OK) status = mog_call(&vm, "main", NULL, 0, 50);
  for (; status == MOG_PAUSED; pauses++) status = mog_resume(&vm, 50);
  if (status != MOG_OK) {
    printf("%s\n", mog_message(&vm, message, sizeof message) == MOG_OK ? message : mog_describe(status));
    return 1;
  }
  printf("%s\n", pauses > 10 ? "paused more than ten times" : "did not pause");
  return 0;
}

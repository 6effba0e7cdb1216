/* Structs, enums, arrays and maps: read where they lie in the program's memory, and made of values of the host's. */
#include <stdio.h>
#include <string.h>

#include "mog.h"
#include "structs.h"

/* What signatures name, the same as in programs/host.mogdecl. A program with other types of these names is refused. */
static const char types[] =
    "struct Vec3 { x: float, y: float, z: float }\n"
    "enum Kind { Monster(int), Chest, Door(Vec3) }\n"
    "struct Entity { name: string, kind: Kind, at: Vec3, tags: [string] }";

enum { MONSTER, CHEST, DOOR };

typedef struct vec3 {
  double x, y, z;
} vec3;

typedef struct entity {
  const char *name;
  uint32_t kind;
  int64_t level;
  vec3 at;
  const char *tags[2];
} entity;

static const entity entities[] = {
    {"orc", MONSTER, 7, {1, 2, 3}, {"green", "angry"}},
    {"chest", CHEST, 0, {4, 5, 6}, {"wooden", "old"}},
    {"gate", DOOR, 0, {-2, 0, 0}, {"iron", "shut"}},
};
#define ENTITIES (sizeof entities / sizeof *entities)

/* --- From the program ---------------------------------------------------------------------------------------------- */

static mog_status read_number(mog_instance *vm, mog_value from, const char *name, double *to) {
  mog_value field;
  mog_status status = mog_field(vm, from, name, &field);
  if (status == MOG_OK) *to = field.as.number;
  return status;
}

static mog_status read_vec3(mog_instance *vm, mog_value from, vec3 *to) {
  mog_status status = read_number(vm, from, "x", &to->x);
  if (status == MOG_OK) status = read_number(vm, from, "y", &to->y);
  return status == MOG_OK ? read_number(vm, from, "z", &to->z) : status;
}

static mog_status print_line(mog_instance *vm, const mog_value *args, void *user) {
  (void)vm;
  (void)user;
  printf("%.*s\n", (int)args[0].as.text.size, args[0].as.text.data);
  return MOG_OK;
}

/* What a value is, looked up: every step of it can be a status, and none has to be looked at before the last. */
static mog_status show_entity(mog_instance *vm, const mog_value *args, void *user) {
  mog_value name, kind, place, tags, item;
  mog_text variant;
  uint32_t number;
  vec3 at, way;
  size_t count, i;
  mog_status status = mog_field(vm, args[0], "name", &name);
  (void)user;
  if (status == MOG_OK) status = mog_field(vm, args[0], "kind", &kind);
  if (status == MOG_OK) status = mog_variant(vm, kind, &number, &variant);
  if (status == MOG_OK) status = mog_field(vm, args[0], "at", &place);
  if (status == MOG_OK) status = read_vec3(vm, place, &at);
  if (status == MOG_OK) status = mog_field(vm, args[0], "tags", &tags);
  if (status == MOG_OK) status = mog_length(vm, tags, &count);
  if (status != MOG_OK) return mog_fail(vm, mog_describe(status));
  printf("%.*s, a %.*s", (int)name.as.text.size, name.as.text.data, (int)variant.size, variant.data);
  if (number == MONSTER && mog_item(vm, kind, 0, &item) == MOG_OK) printf(" of level %d", (int)item.as.integer);
  if (number == DOOR && mog_item(vm, kind, 0, &item) == MOG_OK && read_vec3(vm, item, &way) == MOG_OK) {
    printf(" to %g %g %g", way.x, way.y, way.z);
  }
  printf(", at %g %g %g,", at.x, at.y, at.z);
  for (i = 0; i < count && mog_item(vm, tags, i, &item) == MOG_OK; i++) {
    printf(" %.*s", (int)item.as.text.size, item.as.text.data);
  }
  printf(" (%u tags)\n", (unsigned)count);
  return MOG_OK;
}

/* --- For the program: values that lie beside each other, and values made of those ------------------------------------ */

typedef struct made_entity {
  mog_value at[3], payload[3], kind[1], tags[2], fields[4];
} made_entity;

static void make_vec3(const vec3 *from, mog_value to[3]) {
  to[0] = mog_float(from->x);
  to[1] = mog_float(from->y);
  to[2] = mog_float(from->z);
}

/* All of it has to be there until the library has copied it: `to` is the caller's. */
static mog_value make_entity(const entity *from, made_entity *to) {
  static const vec3 way = {0, 0, 1};
  size_t payload = 0;
  make_vec3(&from->at, to->at);
  make_vec3(&way, to->payload);
  if (from->kind == MONSTER) to->kind[payload++] = mog_int(from->level);
  if (from->kind == DOOR) to->kind[payload++] = mog_items(to->payload, 3);
  to->tags[0] = mog_string(from->tags[0]);
  to->tags[1] = mog_string(from->tags[1]);
  to->fields[0] = mog_string(from->name);
  to->fields[1] = mog_case(from->kind, to->kind, payload);
  to->fields[2] = mog_items(to->at, 3);
  to->fields[3] = mog_items(to->tags, 2);
  return mog_items(to->fields, 4);
}

static mog_status find_entity(mog_instance *vm, const mog_value *args, void *user) {
  made_entity made;
  size_t i;
  (void)user;
  for (i = 0; i < ENTITIES; i++) {
    if (strlen(entities[i].name) == args[0].as.text.size &&
        memcmp(entities[i].name, args[0].as.text.data, args[0].as.text.size) == 0) {
      return mog_return(vm, make_entity(&entities[i], &made));
    }
  }
  return mog_return(vm, mog_none());
}

static mog_status all_entities(mog_instance *vm, const mog_value *args, void *user) {
  made_entity made[ENTITIES];
  mog_value all[ENTITIES];
  size_t i;
  (void)args;
  (void)user;
  for (i = 0; i < ENTITIES; i++) all[i] = make_entity(&entities[i], &made[i]);
  return mog_return(vm, mog_items(all, ENTITIES));
}

static mog_status center_of(mog_instance *vm, const mog_value *args, void *user) {
  mog_value item, place, made[3];
  vec3 at, sum = {0, 0, 0};
  size_t count, i;
  mog_status status = mog_length(vm, args[0], &count);
  (void)user;
  for (i = 0; i < count && status == MOG_OK; i++) {
    status = mog_item(vm, args[0], i, &item);
    if (status == MOG_OK) status = mog_field(vm, item, "at", &place);
    if (status == MOG_OK) status = read_vec3(vm, place, &at);
    if (status != MOG_OK) break;
    sum.x += at.x;
    sum.y += at.y;
    sum.z += at.z;
  }
  if (status == MOG_OK && count > 0) {
    sum.x /= (double)count;
    sum.y /= (double)count;
    sum.z /= (double)count;
  }
  make_vec3(&sum, made);
  return status == MOG_OK ? mog_return(vm, mog_items(made, 3)) : mog_fail(vm, mog_describe(status));
}

/* A new struct with parts that are the program's own: they may not move while it is made, so its room comes first. The
 * values of `args` are good again after that; others would have to be read anew. */
static mog_status renamed(mog_instance *vm, const mog_value *args, void *user) {
  mog_value before = args[0], fields[4];
  size_t i;
  (void)user;
  if (mog_return(vm, mog_items(fields, 0)) != MOG_WRONG_TYPE) return mog_fail(vm, "an entity has fields");
  fields[0] = args[1];
  for (i = 1; i < 4; i++) {
    if (mog_item(vm, args[0], i, &fields[i]) != MOG_OK) return mog_fail(vm, "an entity has four fields");
  }
  printf("without room: %s\n", mog_describe(mog_return(vm, mog_items(fields, 4))));
  if (mog_reserve(vm, 256) != MOG_OK) return MOG_OUT_OF_MEMORY;
  printf("a value from before: %s\n", mog_describe(mog_item(vm, before, 1, &fields[1])));
  fields[0] = args[1];
  for (i = 1; i < 4; i++) {
    if (mog_item(vm, args[0], i, &fields[i]) != MOG_OK) return mog_fail(vm, "an entity has four fields");
  }
  return mog_return(vm, mog_items(fields, 4));
}

static mog_status prices(mog_instance *vm, const mog_value *args, void *user) {
  mog_value entries[6];
  (void)args;
  (void)user;
  entries[0] = mog_string("sword");
  entries[1] = mog_int(120);
  entries[2] = mog_string("shield");
  entries[3] = mog_int(80);
  entries[4] = mog_string("apple");
  entries[5] = mog_int(1);
  return mog_return(vm, mog_entries(entries, 3));
}

/* The rows of a `[[int]]` are arrays of numbers as C has them. */
static mog_status total(mog_instance *vm, const mog_value *args, void *user) {
  mog_value key, value, row;
  size_t position = 0, i, j;
  int64_t sum = 0;
  (void)user;
  while (mog_entry(vm, args[0], &position, &key, &value) == MOG_OK) {
    printf("%.*s costs %d\n", (int)key.as.text.size, key.as.text.data, (int)value.as.integer);
    sum += value.as.integer;
  }
  for (i = 0; mog_item(vm, args[1], i, &row) == MOG_OK; i++) {
    const int64_t *numbers = (const int64_t *)row.as.bytes.data;
    for (j = 0; j < row.as.bytes.size / sizeof *numbers; j++) sum += numbers[j];
  }
  return mog_return(vm, mog_int(sum));
}

/* A function of the program's, with an array of structs, and a struct as its result. */
static mog_status ask_nearest(mog_instance *vm) {
  made_entity made[ENTITIES];
  mog_value all[ENTITIES], to[3], args[2], result, name;
  static const vec3 here = {3, 0, 0};
  mog_status status;
  size_t i;
  for (i = 0; i < ENTITIES; i++) all[i] = make_entity(&entities[i], &made[i]);
  make_vec3(&here, to);
  args[0] = mog_items(all, ENTITIES);
  args[1] = mog_items(to, 3);
  status = mog_call(vm, "nearest", args, 2, 100000);
  if (status == MOG_OK) status = mog_result(vm, &result);
  if (status == MOG_OK) status = mog_field(vm, result, "name", &name);
  if (status == MOG_OK) printf("nearest: %.*s\n", (int)name.as.text.size, name.as.text.data);
  printf("as an argument: %s\n", mog_describe(mog_call(vm, "nearest", &result, 1, 100000)));
  args[0] = result;
  printf("as an argument: %s\n", mog_describe(mog_call(vm, "nearest", args, 2, 100000)));
  args[0] = mog_items(all, 0);
  if (status == MOG_OK) status = mog_call(vm, "nearest", args, 2, 100000);
  printf("the last result: %s\n", mog_describe(mog_field(vm, result, "name", &name)));
  return status;
}

int main(void) {
  static uint64_t arena[2048];
  static mog_module module;
  static mog_instance vm;
  mog_capability capabilities[] = {
      {"out.println", "(text: string)", print_line, NULL},
      {"world.show", "(entity: Entity)", show_entity, NULL},
      {"world.find", "(name: string) -> ?Entity", find_entity, NULL},
      {"world.all", "() -> [Entity]", all_entities, NULL},
      {"world.center", "(of: [Entity]) -> Vec3", center_of, NULL},
      {"world.renamed", "(entity: Entity, name: string) -> Entity", renamed, NULL},
      {"world.prices", "() -> {string: int}", prices, NULL},
      {"world.total", "(of: {string: int}, grid: [[int]]) -> int", total, NULL},
  };
  mog_config config = mog_grant(capabilities, sizeof capabilities / sizeof *capabilities, NULL);
  mog_status status = mog_load(&module, mog_structs, sizeof mog_structs);
  char message[160];
  /* Types that are not those of the program, and some that are none. */
  config.types = "struct Vec3 { x: float, y: float, z: f32 } enum Kind { Monster(int), Chest, Door(Vec3) }\n"
                 "struct Entity { name: string, kind: Kind, at: Vec3, tags: [string] }";
  if (status == MOG_OK && mog_new(&vm, &module, arena, sizeof arena, &config) == MOG_SIGNATURE_MISMATCH &&
      mog_message(&vm, message, sizeof message) == MOG_OK) {
    printf("%s\n", message);
  }
  config.types = "struct Vec3 { x: float,";
  if (status == MOG_OK && mog_new(&vm, &module, arena, sizeof arena, &config) == MOG_BAD_CAPABILITY &&
      mog_message(&vm, message, sizeof message) == MOG_OK) {
    printf("%s\n", message);
  }
  config.types = types;
  if (status == MOG_OK) status = mog_new(&vm, &module, arena, sizeof arena, &config);
  if (status == MOG_OK) status = mog_start(&vm, 100000);
  if (status == MOG_OK) status = mog_call(&vm, "main", NULL, 0, 100000);
  if (status == MOG_OK) status = ask_nearest(&vm);
  if (status != MOG_OK) {
    printf("%s\n", mog_message(&vm, message, sizeof message) == MOG_OK ? message : mog_describe(status));
    return 1;
  }
  return 0;
}

// Nothing.
static inline mog_value mog_none(void) {
  mog_value value;
  value.type = MOG_NONE;
  value.as.integer = 0;
  return value;
}

// A boolean: anything but 0 is true.
static inline mog_value mog_bool(int boolean) {
  mog_value value;
  value.type = MOG_BOOL;
  value.as.integer = boolean != 0;
  return value;
}

// An integer.
static inline mog_value mog_int(int64_t integer) {
  mog_value value;
  value.type = MOG_INT;
  value.as.integer = integer;
  return value;
}

// A float.
static inline mog_value mog_float(double number) {
  mog_value value;
  value.type = MOG_FLOAT;
  value.as.number = number;
  return value;
}

// A text of so many bytes of UTF-8.
static inline mog_value mog_string_of(const char *data, size_t size) {
  mog_value value;
  value.type = MOG_STRING;
  value.as.text.data = data;
  value.as.text.size = size;
  return value;
}

// A text that a zero closes.
static inline mog_value mog_string(const char *text) {
  return mog_string_of(text, text ? strlen(text) : 1);
}

// Numbers: their array, and its size in bytes.
static inline mog_value mog_array(const void *data, size_t size) {
  mog_value value;
  value.type = MOG_ARRAY;
  value.as.bytes.data = data;
  value.as.bytes.size = size;
  return value;
}

// Values of yours that make a struct, in the order of its fields, or an array.
static inline mog_value mog_items(const mog_value *items, size_t count) {
  mog_value value;
  value.type = MOG_ITEMS;
  value.as.items.data = items;
  value.as.items.count = (uint32_t)count == count ? (uint32_t)count : UINT32_MAX;
  value.as.items.variant = 0;
  return value;
}

// The variant of an enum of this number, which count from 0, with its payload.
static inline mog_value mog_case(uint32_t variant, const mog_value *payload, size_t count) {
  mog_value value = mog_items(payload, count);
  value.as.items.variant = variant;
  return value;
}

// Values of yours that make a map: so many entries, of each its key and its value.
static inline mog_value mog_entries(const mog_value *entries, size_t count) {
  mog_value value = mog_items(entries, count > UINT32_MAX / 2 ? UINT32_MAX : count * 2);
  value.type = MOG_ENTRIES;
  return value;
}

// A configuration that grants a table of functions, and nothing else.
static inline mog_config mog_grant(const mog_capability *capabilities, size_t count, void *user) {
  mog_config config;
  memset(&config, 0, sizeof config);
  config.capabilities = capabilities;
  config.capability_count = count;
  config.user = user;
  return config;
}


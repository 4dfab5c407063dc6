#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <fanin/io/tensor_file.hpp>

namespace fanin::program {

/// Prints a large JSON value on stdout part by part, as `json_text` would the whole, so that it never lies in
/// memory at once.
class JsonPrinter {
 public:
  /// Begins an object '{' or an array '[': in an object under `key`.
  void open(char bracket, std::string_view key = "");
  void close();
  void value(const nlohmann::ordered_json& value, std::string_view key = "");

 private:
  void begin(std::string_view key);

  struct Level {
    char bracket;
    bool empty = true;
  };
  std::vector<Level> levels_;
};

/// What a weight file holds that cannot be read, as a list under `key`; nothing where there is nothing.
void print_left_out(JsonPrinter& json, const io::TensorFile& file, std::string_view key);

}  // namespace fanin::program

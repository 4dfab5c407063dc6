#include <map>
#include <unordered_map>

#include <fanin/core/fail.hpp>
#include <fanin/io/beside.hpp>
#include <fanin/io/json_scanner.hpp>
#include <fanin/io/shard_index.hpp>

namespace fanin::io {
namespace {

struct ShardIndex {
  std::unordered_map<std::string, std::string> shard_of;
  std::map<std::string, std::size_t> shards;  // and how many tensors the index expects of each
};

ShardIndex parse_index(Bytes index, const std::string& path) {
  ShardIndex out;
  JsonScanner json({reinterpret_cast<const char*>(index.data()), index.size()}, path + ": the index");
  bool has_map = false;
  std::size_t names = 0;
  for (bool more = json.open('{'); more; more = json.next('}')) {
    if (json.key() != "weight_map") {
      json.skip_value();
      continue;
    }
    if (has_map) fail("{}: the index has 'weight_map' twice", path);
    has_map = true;
    for (bool entry = json.open('{'); entry; entry = json.next('}')) {
      const std::string name = json.key();
      const std::string shard = json.string(max_name_bytes);
      check_tensor_name(path, name);
      check_tensor_name(path, shard);
      if (shard.empty() || shard.find_first_of("/\\") != std::string::npos || shard[0] == '.') {
        fail("{}: the shard '{}' is not a plain file name in the index's folder", path, shard);
      }
      names += name.size() + shard.size();
      if (!out.shard_of.emplace(name, shard).second) fail("{}: the index lists '{}' twice", path, name);
      if (out.shard_of.size() > max_tensors || names > max_record_bytes)
        fail("{}: more than {} tensors, or {} bytes of names", path, max_tensors, max_record_bytes);
      ++out.shards[shard];
    }
  }
  json.end();
  if (!has_map) fail("{}: a JSON file without 'weight_map'; expected an index of shards", path);
  constexpr std::size_t max_shards = 1024;
  if (out.shards.size() > max_shards)
    fail("{}: {} shards; at most {} are allowed", path, out.shards.size(), max_shards);
  return out;
}

}  // namespace

TensorFile read_shards(Bytes bytes, const std::string& path, const ReadShard& read) {
  const ShardIndex index = parse_index(bytes, path);
  TensorFile all{.format = FileFormat::safetensors, .path = path, .tensors = {}, .metadata = {}};
  TensorList list(all);
  for (const auto& [shard, expected] : index.shards) {
    const std::string shard_path = path_beside(path, shard);
    TensorFile part = read(shard_path);
    all.format = part.format;
    for (StoredTensor& tensor : part.tensors) {
      const auto listed = index.shard_of.find(tensor.name);
      if (listed == index.shard_of.end() || listed->second != shard) {
        fail("{}: holds tensor '{}', which the index {} does not list there", shard_path, tensor.name, path);
      }
      list.add(std::move(tensor));
    }
    if (part.tensors.size() != expected) {
      fail("{}: holds {} tensors, the index {} lists {} there", shard_path, part.tensors.size(), path,
           expected);
    }
    for (const LeftOut& one : part.left_out) list.leave_out(one.name, one.what);
    // what the shard itself counts without names
    all.left_out_count += part.left_out_count - part.left_out.size();
    for (auto& [key, value] : part.metadata) all.metadata.emplace(key, std::move(value));
  }
  check_unique_names(all);
  return all;
}

}  // namespace fanin::io

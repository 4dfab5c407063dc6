#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/file_kind.hpp>
#include <fanin/io/protobuf.hpp>

namespace fanin::io {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t at;
  std::string_view bytes;
  std::string_view what;
};

constexpr std::string_view keras_advice =
    "; in Keras, write the arrays with numpy.savez(path, **{w.path: w.numpy() for w in model.weights})";

// Longer ones before what they begin with.
constexpr Magic magics[] = {
    {0, "version https://git-lfs"sv,
     "a Git LFS pointer, not the file it stands for: run git lfs pull, or download the file itself"},
    {0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras (.h5) and h5py write"},
    {0, "GGUF"sv, "a GGUF file of llama.cpp; use the model's safetensors files"},
    {0, "ggjt"sv, "a GGML file of llama.cpp; use the model's safetensors files"},
    {0, "tjgg"sv, "a GGML file of llama.cpp; use the model's safetensors files"},
    {0, "lmgg"sv, "a GGML file of llama.cpp; use the model's safetensors files"},
    {4, "TFL3"sv, "a TensorFlow Lite model; use the model it was converted from"},
    {0, "\x1f\x8b"sv, "compressed by gzip (.gz); unpack it first: gunzip"},
    {0, "\3757zXZ\0"sv, "compressed by xz (.xz); unpack it first: unxz"},
    {0, "\x28\xb5\x2f\xfd"sv, "compressed by Zstandard (.zst); unpack it first: unzstd"},
    {0, "BZh"sv, "compressed by bzip2 (.bz2); unpack it first: bunzip2"},
    {0, "\x04\x22\x4d\x18"sv, "compressed by LZ4 (.lz4); unpack it first: unlz4"},
    {0, "\x5d\0\0"sv, "compressed by LZMA (.lzma); unpack it first: unlzma"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive (.7z); unpack it first"},
    {0, "Rar!\x1a\x07"sv, "a RAR archive; unpack it first"},
    {257, "ustar"sv, "a tar archive; unpack it first: tar xf"},
    {0, "%PDF-"sv, "a PDF document"},
    {0, "\x89PNG\r\n\x1a\n"sv, "a PNG image"},
    {0, "\xff\xd8\xff"sv, "a JPEG image"},
    {0, "GIF8"sv, "a GIF image"},
    {8, "WEBP"sv, "a WebP image"},
    {8, "WAVE"sv, "a WAV sound"},
    {0, "II*\0"sv, "a TIFF image"},
    {0, "MM\0*"sv, "a TIFF image"},
    {4, "ftyp"sv, "an MP4 video or HEIF image"},
    {0, "\177ELF"sv, "an ELF program or library"},
    {0, "MZ"sv, "a Windows program or library"},
    {0, "\xcf\xfa\xed\xfe"sv, "a macOS program or library"},
    {0, "\xca\xfe\xba\xbe"sv, "a Java class or macOS program"},
    {0, "SQLite format 3\0"sv, "an SQLite database"},
    {0, "PAR1"sv, "a Parquet table"},
    {0, "ARROW1"sv, "an Arrow table"},
    {0, "FEA1"sv, "a Feather table"},
    {0, "MATLAB 5.0 MAT-file"sv,
     "a MATLAB file; in Python, scipy.io.loadmat reads it and numpy.savez writes what it held"},
    {0, "\x04\0\0\0\x01\0\0\0"sv, "a file of Torch7 in Lua (.t7)"},
    {0, "\x03\0\0\0\x01\0\0\0"sv, "a file of Torch7 in Lua (.t7)"},
    {0, "\0\0\x08\x01"sv, "an IDX file of labels, which is a data set's"},
    {0, "\0\0\x08\x03"sv, "an IDX file of images, which is a data set's"},
    {0, "7767517"sv, "an ncnn model's text (.param)"},
    {0, "model_checkpoint_path:"sv,
     "the text that names TensorFlow's checkpoints; in Python, tf.train.load_checkpoint reads them"},
    {0, "\x80\0"sv, "a pickle of an unknown protocol"},
};

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && std::string_view("\t\n\r\f").find(c) == std::string_view::npos) || code == 0x7f;
  });
}

/// What begins as text: told by its first words.
std::string text_kind(std::string_view text) {
  std::string start;
  for (const char c : text.substr(0, 512))
    start += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (start.starts_with("\xef\xbb\xbf")) start.erase(0, 3);
  start.erase(0, std::min(start.find_first_not_of(" \t\r\n"), start.size()));
  const auto begins = [&](std::string_view with) { return start.starts_with(with); };
  if (begins("<!doctype html") || begins("<html") || begins("<head") || begins("<body") ||
      begins("<script") || (begins("<!--") && has(start, "<html"))) {
    return "an HTML page, not the file behind the link: open the link in a browser and copy the address of the download itself";
  }
  if (begins("<svg") || (begins("<?xml") && has(start, "<svg"))) return "an SVG image";
  if (begins("<?xml") && has(start, "<error>"))
    return "an XML error message of a server, not the file: " + printable(text.substr(0, 200), 120);
  if (begins("<?xml") && has(start, "<net ")) return "an OpenVINO model's description (.xml)";
  if (begins("<")) return "an XML or HTML text";
  if (begins("(dp") || begins("(lp") || begins("ccopy_reg") || begins("cnumpy") || begins("ccollections") ||
      begins("(i__main__") || begins("}q")) {
    return "a pickle of protocol 0 or 1; in Python, load it and save it again with protocol 2 or later, or as numpy.savez";
  }
  if (begins("{") || begins("["))
    return "a JSON text; expected the weights themselves, or an index of shards with 'weight_map'";
  if (begins("#!")) return "a script";
  if (begins("name:") && (has(start, "layer") || has(start, "input")))
    return "a Caffe model's text (.prototxt); the weights are in a .caffemodel";
  if (begins("[net]")) return "a Darknet model's text (.cfg)";
  if (begins("import ") || begins("from ") || has(start, "\nimport ") || has(start, "\ndef "))
    return "a Python program";
  if (!is_text(text.substr(0, 512))) return "";
  return "a text that begins with '" + printable(text.substr(0, text.find('\n')), 40) + "'";
}

/// TensorFlow's, Core ML's and Caffe's models are protobuf messages without a magic: their fields tell them.
std::string protobuf_kind(Bytes bytes) {
  std::uint64_t fields = 0, largest = 0, first_value = 0;
  std::array<std::uint64_t, 8> sizes{};
  for (protobuf::Fields field(bytes); !field.done(); ++fields) {
    if (!field.next() || fields > 100'000) return "";
    if (fields == 0 && field.number == 1 && field.wire == protobuf::Wire::varint) first_value = field.value;
    largest = std::max(largest, field.number);
    if (field.wire == protobuf::Wire::bytes && field.number < sizes.size())
      sizes[field.number] += field.bytes.size();
  }
  if (fields == 0) return "";
  if (first_value > 0 && first_value < 20 && sizes[2] > 0 && largest >= 200 && largest < 4000) {
    return "a Core ML model (.mlmodel); use the model it was converted from";
  }
  if (first_value == 1 && largest == 2 && sizes[2] > 0)
    return "a TensorFlow SavedModel's graph (saved_model.pb); the weights lie in its folder 'variables', which tf.train.load_checkpoint reads";
  if (largest == 100 ||
      (largest == 2 && sizes[2] * 2 > bytes.size() && first_value == 0 && sizes[1] > 0 && sizes[1] < 256))
    return "a Caffe model (.caffemodel); convert it to ONNX";
  if (largest <= 4 && sizes[1] * 2 > bytes.size()) return "a TensorFlow graph (.pb); convert it to ONNX";
  return "";
}

/// MessagePack, as Flax writes it: a map whose first key is a text.
bool looks_like_msgpack(Bytes bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? std::to_integer<unsigned>(bytes[i]) : 0u; };
  std::size_t key = at(0) == 0xde ? 3 : at(0) == 0xdf ? 5 : at(0) >= 0x81 && at(0) <= 0x8f ? 1 : 0;
  if (key == 0) return false;
  std::size_t length = 0;
  if (at(key) > 0xa0 && at(key) <= 0xbf) {
    length = at(key) & 0x1f;
  } else if (at(key) == 0xd9) {
    length = at(++key);
  }
  return length > 0 && key + 1 + length <= bytes.size() && is_text(text_of(bytes.subspan(key + 1, length)));
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

std::string file_kind(Bytes bytes) {
  const std::string_view all = text_of(bytes);
  const std::string_view start = all.substr(0, 4096);
  if (std::all_of(start.begin(), start.end(), [](char c) { return c == '\0'; }))
    return "nothing but zeros at its start; its download did not finish";
  for (const Magic& magic : magics) {
    if (all.size() < magic.at + magic.bytes.size() || all.substr(magic.at, magic.bytes.size()) != magic.bytes)
      continue;
    const bool keras = magic.bytes.starts_with("\x89HDF");
    return std::string(magic.what) + (keras ? std::string(keras_advice) : "");
  }
  constexpr std::string_view table_magic("\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8);
  if (all.ends_with(table_magic))
    return "the index of a TensorFlow checkpoint; in Python, tf.train.load_checkpoint reads it and numpy.savez writes what it held";
  if (start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) {
    if (has(start, "joblib") || has(start, "NumpyArrayWrapper") || has(start, "sklearn"))
      return "what joblib or scikit-learn pickled; only Python can read it: numpy.savez writes its arrays";
    return "";
  }
  if (start.size() > 2 && start[0] == '\x78' &&
      (start[1] == '\x01' || start[1] == '\x9c' || start[1] == '\xda' || start[1] == '\x5e'))
    return "compressed by zlib, as joblib does; only Python can read it: numpy.savez writes its arrays";
  if (looks_like_msgpack(bytes))
    return "a MessagePack file, as Flax writes (.msgpack); in Python, flax.serialization reads it and numpy.savez writes what it held";
  if (std::string text = text_kind(start); !text.empty()) return text;
  return protobuf_kind(bytes);
}

std::string archive_kind(const std::vector<std::string_view>& members) {
  const auto any = [&](auto matches) { return std::any_of(members.begin(), members.end(), matches); };
  const auto named = [&](std::string_view name) {
    return any([&](std::string_view m) { return m == name || m.ends_with("/" + std::string(name)); });
  };
  if (named("model.weights.h5")) return "a Keras file (.keras)" + std::string(keras_advice);
  if (any([](std::string_view m) { return m.ends_with(".h5"); }))
    return "a zip archive of HDF5 files; unpack it first";
  if (named("saved_model.pb"))
    return "a zipped TensorFlow SavedModel; in Python, tf.train.load_checkpoint reads its 'variables'";
  if (named("model.json") &&
      any([](std::string_view m) { return m.find("/tensors/") != std::string_view::npos; }))
    return "a TorchScript archive from before PyTorch 1.4; load and save it with a later one";
  if (any([](std::string_view m) {
        return m.ends_with("archive_format") ||
               m.find("serialized_exported_program") != std::string_view::npos;
      }))
    return "a program that torch.export wrote (.pt2); in PyTorch, save model.state_dict() instead";
  if (any([](std::string_view m) { return m.starts_with("MAR-INF/"); }))
    return "a TorchServe archive (.mar); unpack it first";
  if (named("[Content_Types].xml")) return "an office document";
  if (named("AndroidManifest.xml")) return "an Android app";
  if (any([](std::string_view m) { return m.starts_with("META-INF/"); })) return "a Java archive";
  if (any([](std::string_view m) { return m.ends_with(".mlmodel"); })) return "a zipped Core ML model";
  const auto weights = std::find_if(members.begin(), members.end(), [](std::string_view m) {
    return ends_with_any(m, {".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".npz", ".onnx"});
  });
  if (weights != members.end())
    return fmt::format("a zip archive with '{}' in it; unpack it first", printable(*weights, 80));
  return fmt::format(
      "a zip archive of '{}'{}, neither what torch.save wrote ('*/data.pkl') nor an npz ('*.npy')",
      printable(members[0], 80), members.size() > 1 ? " and more" : "");
}

std::string folder_kind(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr std::size_t most = 10'000;
  std::vector<std::string> names, weights;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end && names.size() < most;
       at.increment(error))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  const auto has_name = [&](std::string_view name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  for (const auto& name : names) {
    if (ends_with_any(name, {".index.json"})) weights.insert(weights.begin(), name);
    if (ends_with_any(name, {".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".npz", ".npy", ".onnx"}))
      weights.push_back(name);
  }
  if (has_name("saved_model.pb"))
    return "a TensorFlow SavedModel; in Python, tf.train.load_checkpoint reads its 'variables' and numpy.savez writes what it held";
  if (has_name(".metadata") &&
      std::any_of(names.begin(), names.end(), [](const auto& n) { return n.ends_with(".distcp"); }))
    return "a distributed checkpoint of PyTorch; torch.distributed.checkpoint.format_utils.dcp_to_torch_save makes one file of it";
  if (has_name("data.pkl") && has_name("data"))
    return "an unpacked PyTorch file; pack it again, or use the file it came from";
  if (has_name("_CHECKPOINT_METADATA") || has_name("manifest.ocdbt") || has_name("_METADATA"))
    return "an Orbax checkpoint of JAX; in Python, orbax reads it and numpy.savez writes what it held";
  if (has_name("Manifest.json")) return "a Core ML package (.mlpackage); use the model it was converted from";
  if (!weights.empty())
    return fmt::format("a folder; name the file in it: {}",
                       printable((fs::path(path) / weights[0]).string(), 200));
  return "";
}

}  // namespace fanin::io

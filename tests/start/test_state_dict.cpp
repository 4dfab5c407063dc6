#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>

#include <fanin/core/error.hpp>
#include <fanin/core/format.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;
using Status = start::WarmStartReport::Status;

namespace {

nn::Sequential small_net(Index classes = 3) {
  return nn::Sequential("conv", nn::Conv2d({.in = 1, .out = 2, .kernel = 3}), "bn",
                        nn::BatchNorm2d({.features = 2}), "fc", nn::Linear(8, classes));
}

void draw(nn::Module& net, std::uint64_t seed) {
  Generator generator(seed);
  start::initialize(net, generator);
}

std::vector<float> values(nn::Module& net, const std::string& name) {
  for (const auto& [key, tensor] : net.state_dict()) {
    if (key == name) return tensor.to_vector();
  }
  FAIL("no tensor ", name);
  return {};
}

std::vector<std::vector<float>> all_values(nn::Module& net) {
  std::vector<std::vector<float>> all;
  for (const auto& [key, tensor] : net.state_dict()) all.push_back(tensor.to_vector());
  return all;
}

io::TensorFile file_of(std::vector<io::StoredTensor> tensors) {
  io::TensorFile file;
  file.path = "f";
  file.tensors = std::move(tensors);
  return file;
}

/// The state dict of a drawn net as a file, its names changed by `rename`.
io::TensorFile file_of(
    nn::Module& net,
    const std::function<std::string(const std::string&)>& rename = [](const std::string& n) { return n; }) {
  std::vector<io::StoredTensor> tensors;
  for (const auto& [name, tensor] : net.state_dict())
    tensors.push_back(io::stored(rename(name), tensor.clone()));
  return file_of(std::move(tensors));
}

const start::WarmStartReport::Entry& entry(const start::WarmStartReport& report, const std::string& name) {
  for (const auto& one : report.entries) {
    if (one.name == name) return one;
  }
  FAIL("no entry ", name);
  return report.entries.front();
}

Tensor counting(const Shape& shape) {
  Tensor t(shape);
  for (Index i = 0; i < t.numel(); ++i) t.data()[i] = static_cast<float>(i);
  return t;
}

Tensor adapted(start::Adapt rule, const Tensor& from, const Shape& shape) {
  const io::StoredTensor saved = io::stored("w", from);
  Tensor to = Tensor::full(shape, -1);
  REQUIRE(!why_not(rule, saved.sizes, {shape.begin(), shape.end()}));
  start::adapt(rule, saved, to);
  return to;
}

}  // namespace

TEST_CASE("a saved model loads strictly into another of the same kind, which is then not drawn again") {
  const Scratch scratch;
  nn::Sequential net = small_net(), other = small_net();
  CHECK_THROWS_WITH_AS(start::save_model(scratch / "m", net),
                       doctest::Contains("parameter 'conv.weight' has no values to save"), Error);
  draw(net, 1);
  start::save_model(scratch / "m", net, {{"plan", "x"}});
  const io::TensorFile file = io::read_tensor_file(scratch / "m");
  CHECK(file.metadata.at("plan") == "x");
  const start::WarmStartReport report = start::load_state_dict(other, file);
  CHECK(report.summary() == "8 loaded");
  CHECK(all_values(other) == all_values(net));
  draw(other, 99);
  CHECK(all_values(other) == all_values(net));
  CHECK(other.parameter("fc.weight")->origin == nn::Origin::loaded);
}

TEST_CASE("a PyTorch file loads by its own names, its batch counters left out") {
  nn::Sequential net("features",
                     nn::Sequential("0", nn::Conv2d({.in = 1, .out = 2, .kernel = 3}), "1",
                                    nn::BatchNorm2d({.features = 2})),
                     "fc", nn::Linear(8, 3));
  const io::TensorFile file = io::read_tensor_file("tests/reference/files/checkpoint.pt");
  const start::WarmStartReport report = start::load_state_dict(net, file);
  CHECK(report.summary() == "8 loaded, 1 skipped");
  CHECK(values(net, "features.1.running_var") == file.at("features.1.running_var").to_floats());
}

TEST_CASE("a batch counter is left out whatever its dtype, as when a whole state dict was cast to half") {
  nn::Sequential from = small_net(), to = small_net();
  draw(from, 1);
  io::TensorFile file = file_of(from);
  file.tensors.push_back(io::stored("bn.num_batches_tracked", Tensor::scalar(3)));
  CHECK(start::load_state_dict(to, file).count(Status::skipped) == 1);
  CHECK(all_values(to) == all_values(from));
  file.tensors.back() = io::stored("bn.num_batches_tracked", Tensor::zeros({2}));
  CHECK_THROWS_WITH_AS(start::load_state_dict(to, file), doctest::Contains("is unexpected"), Error);
}

TEST_CASE(
    "by default a missing, an unexpected or a misshapen tensor stops the load, and the model is as it was") {
  nn::Sequential net = small_net(), wide = small_net(5);
  draw(net, 1);
  draw(wide, 2);
  const auto before = all_values(net);
  const auto message = [&](const io::TensorFile& file) {
    try {
      start::load_state_dict(net, file);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message(file_of(wide)) ==
        "f: 2 tensors in the way of this warm start: 'fc.weight' has shape [5, 8], the model wants [3, 8]"
        ": --adapt fc.weight=keep_rows, or --skip fc.weight; 'fc.bias' has shape [5], the model wants [3]: "
        "--adapt fc.bias=keep_rows, or --skip fc.bias. The model is unchanged; without regard to all of "
        "these: --skip-mismatched");
  nn::Sequential source = small_net();
  draw(source, 3);
  CHECK(message(file_of(source, [](const std::string& n) { return n == "fc.weight" ? "fc.weigth" : n; })) ==
        "f: 2 tensors in the way of this warm start: 'fc.weight' [3, 8] is missing: --rename "
        "'^fc\\.weigth$=>fc.weight', or --skip fc.weight; 'fc.weigth' F32 [3, 8] is unexpected: --rename "
        "'^fc\\.weigth$=>fc.weight', or --skip fc.weigth. The model is unchanged; without regard to any of "
        "these: --allow-missing --allow-unexpected");
  CHECK(message(file_of(std::vector<io::StoredTensor>{})) ==
        "f: 8 tensors in the way of this warm start: 'conv.weight' [2, 1, 3, 3] is missing: --skip "
        "conv.weight; 'conv.bias' [2] is missing: --skip conv.bias; 'bn.weight' [2] is missing: --skip "
        "bn.weight; and 5 more. The model is unchanged; without regard to all of these: --allow-missing");
  CHECK(all_values(net) == before);
  CHECK(net.parameter("conv.weight")->origin == nn::Origin::drawn);
}

TEST_CASE("of two layers that lack the same saved one, one alone is offered its name") {
  nn::Sequential source("conv1", nn::Linear(3, 2)),
      net("conv1_0", nn::Linear(3, 2, false), "conv1_1", nn::Linear(2, 2, false));
  draw(source, 1);
  const std::string said = message([&] { start::load_state_dict(net, file_of(source)); });
  CAPTURE(said);
  CHECK(holds(
      said, "'conv1_0.weight' [2, 3] is missing: --rename '^conv1\\.=>conv1_0.', or --skip conv1_0.weight"));
  CHECK(holds(said, "'conv1_1.weight' [2, 2] is missing: --skip conv1_1.weight"));
  CHECK_FALSE(holds(said, "=>conv1_1."));
}

TEST_CASE(
    "allow_missing leaves a parameter to its layer's scheme, which draws it once; allow_unexpected leaves "
    "tensors out") {
  nn::Sequential source = small_net();
  draw(source, 1);
  io::TensorFile file =
      file_of(source, [](const std::string& n) { return n.starts_with("fc") ? "head" + n.substr(2) : n; });
  nn::Sequential net = small_net();
  const start::WarmStartReport report =
      start::load_state_dict(net, file, {.allow_missing = true, .allow_unexpected = true});
  CHECK(report.summary() == "6 loaded, 2 missing, 2 unexpected");
  CHECK(entry(report, "fc.weight").note.starts_with("left to "));
  CHECK(net.parameter("fc.weight")->origin == nn::Origin::declared);
  draw(net, 7);
  CHECK(net.parameter("fc.weight")->origin == nn::Origin::drawn);
  CHECK(values(net, "conv.weight") == values(source, "conv.weight"));
}

TEST_CASE(
    "a tensor that the file holds but cannot give is missing for that reason, under whatever name it is saved") {
  nn::Sequential source = small_net();
  draw(source, 1);
  const auto without = [&](const std::string& prefix, const std::string& saved) {
    io::TensorFile file = file_of(source, [&](const std::string& n) { return prefix + n; });
    std::erase_if(file.tensors, [&](const io::StoredTensor& one) { return one.name == prefix + "fc.bias"; });
    file.left_out = {{"other", "an object of argparse.Namespace"}, {saved, "the zip entry is encrypted"}};
    file.left_out_count = 2;
    return file;
  };
  const auto refused = [](const io::TensorFile& file, const start::WarmStartOptions& options) {
    nn::Sequential net = small_net();
    try {
      start::load_state_dict(net, file, options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const std::string reason = "cannot be read: the zip entry is encrypted";
  CHECK(
      refused(without("", "fc.bias"), {}).find("'fc.bias' [3] is missing; the file's 'fc.bias' " + reason) !=
      std::string::npos);
  CHECK(
      refused(without("m.", "m.fc.bias"), {.strip_prefix = "m."}).find("the file's 'm.fc.bias' " + reason) !=
      std::string::npos);
  CHECK(refused(without("m.", "m.fc.bias"), {.rename = {{"^m\\.", ""}}})
            .find("the file's 'm.fc.bias' " + reason) != std::string::npos);
  io::TensorFile nested = without("", "state_dict.fc.bias");
  nested.key = "state_dict";
  CHECK(refused(nested, {}).find("the file's 'state_dict.fc.bias' " + reason) != std::string::npos);
  CHECK(refused(without("", "fc.bia"), {}).find("cannot be read") == std::string::npos);
  nn::Sequential net = small_net();
  CHECK(
      start::load_state_dict(net, without("", "fc.bias"), {.allow_missing = true}).to_string().find(reason) !=
      std::string::npos);
}

TEST_CASE("prefixes and regular expressions rename; a pattern that changes nothing is an error") {
  nn::Sequential source = small_net(), net = small_net();
  draw(source, 1);
  const io::TensorFile file = file_of(source, [](const std::string& n) { return "module.net_" + n; });
  const start::WarmStartReport report =
      start::load_state_dict(net, file, {.strip_prefix = "module.", .rename = {{"^net_(\\w+)\\.", "$1."}}});
  CHECK(report.summary() == "8 loaded");
  CHECK(entry(report, "fc.bias").saved_name == "module.net_fc.bias");
  CHECK(all_values(net) == all_values(source));
  nn::Sequential outer("body", small_net());
  CHECK(start::load_state_dict(outer, file_of(source), {.add_prefix = "body."}).summary() == "8 loaded");

  const auto fails = [&](const start::WarmStartOptions& options, const char* part) {
    CHECK_THROWS_WITH_AS(start::load_state_dict(net, file, options), doctest::Contains(part), Error);
  };
  fails({.strip_prefix = "modul_"}, "no tensor name starts with 'modul_'");
  fails({.rename = {{"^conv9", "x"}}}, "no tensor name matches '^conv9'");
  fails({.rename = {{"(", "x"}}}, "rename '(': not a regular expression");
  fails({.rename = {{"^.+$", "same"}}}, "are both renamed to 'same'");
  fails({.strip_prefix = "module.net_", .skip = {"fx.*"}}, "the pattern 'fx.*' to skip matches no tensor");
  fails({.strip_prefix = "module.net_", .adapt = {{"fx.*", start::Adapt::sum}}},
        "the pattern 'fx.*' to adapt matches no tensor");
}

TEST_CASE("skipped tensors stay as they are, on both sides, whatever their shapes") {
  nn::Sequential source = small_net(5), net = small_net();
  draw(source, 1);
  const start::WarmStartReport report = start::load_state_dict(net, file_of(source), {.skip = {"fc.*"}});
  CHECK(report.summary() == "6 loaded, 2 skipped");
  CHECK(net.parameter("fc.weight")->origin == nn::Origin::declared);
  nn::Sequential again = small_net();
  CHECK(start::load_state_dict(again, file_of(source), {.on_shape_mismatch = start::Mismatch::skip})
            .summary() == "6 loaded, 2 skipped");
}

TEST_CASE("a rule to adapt what is left out alone is refused, but for one that is for all") {
  nn::Sequential source = small_net(5), net = small_net();
  draw(source, 1);
  const auto load = [&](start::WarmStartOptions options) {
    return message([&] { start::load_state_dict(net, file_of(source), options); });
  };
  const start::Adapt rule = start::Adapt::keep_rows;
  CHECK(holds(load({.skip = {"fc"}, .adapt = {{"fc.weight", rule}}}),
              "'fc.weight' to adapt is of fc.weight alone"));
  CHECK(holds(load({.skip = {"fc"}, .adapt = {{"conv*; fc", rule}}}), "--keep-head"));
  CHECK(net.parameter("fc.weight")->origin == nn::Origin::declared);
  CHECK(load({.skip = {"fc.bias"}, .adapt = {{"fc", rule}, {"*", rule}}}) == "no error");
}

TEST_CASE("other dtypes are cast, and the report says so") {
  const Scratch scratch;
  nn::Sequential source = small_net(), net = small_net();
  draw(source, 1);
  start::save_model(scratch / "half", source, {}, io::DType::f16);
  const start::WarmStartReport report = start::load_state_dict(net, io::read_tensor_file(scratch / "half"));
  CHECK(report.summary() == "8 cast");
  CHECK(entry(report, "fc.weight").saved == "F16 [3, 8]");
  CHECK(values(net, "fc.weight")[0] ==
        io::float_from_f16(io::f16_from_float(values(source, "fc.weight")[0])));
  source.parameter("fc.bias")->value.fill(70000);
  CHECK(holds(message([&] { start::save_model(scratch / "large", source, {}, io::DType::f16); }),
              "'fc.bias' holds 70000, which F16 cannot"));
  CHECK_FALSE(std::filesystem::exists(scratch / "large"));
  start::save_model(scratch / "wide", source, {}, io::DType::bf16);
  CHECK(io::read_tensor_file(scratch / "wide").at("fc.bias").to_floats()[0] == 70144);
}

TEST_CASE("a head with more classes keeps the rows it has, and its own scheme draws the others") {
  nn::Sequential source = small_net(3), net = small_net(5), fewer = small_net(2), fresh = small_net(5);
  draw(source, 1);
  const start::WarmStartOptions options{.adapt = {{"fc.*", start::Adapt::keep_rows}}, .seed = 4};
  const start::WarmStartReport report = start::load_state_dict(net, file_of(source), options);
  CHECK(report.summary() == "6 loaded, 2 adapted");
  CHECK(entry(report, "fc.weight").note == "keep_rows");
  const auto saved = values(source, "fc.weight"), grown = values(net, "fc.weight");
  CHECK(std::equal(saved.begin(), saved.end(), grown.begin()));
  Generator generator(4);
  start::initialize(fresh, generator);  // the rows that the model would be born with at this seed
  const auto drawn = values(fresh, "fc.weight");
  CHECK(std::equal(grown.begin() + 24, grown.end(), drawn.begin() + 24));
  CHECK(values(net, "fc.bias")[4] == values(fresh, "fc.bias")[4]);
  nn::Sequential half = small_net(5);  // what else is adapted moves no row
  start::load_state_dict(half, file_of(source),
                         {.skip = {"fc.weight"}, .adapt = {{"fc.bias", start::Adapt::keep_rows}}, .seed = 4});
  CHECK(values(half, "fc.bias") == values(net, "fc.bias"));
  start::load_state_dict(fewer, file_of(source), options);
  CHECK(std::equal(saved.begin(), saved.begin() + 16, values(fewer, "fc.weight").begin()));

  nn::Sequential again = small_net(5);
  const start::WarmStartReport left =
      start::load_state_dict(again, file_of(source), {.adapt = {{"fc.*", start::Adapt::reinitialize}}});
  CHECK(left.summary() == "6 loaded, 2 skipped");
  CHECK(again.parameter("fc.weight")->origin == nn::Origin::declared);
}

TEST_CASE(
    "a rule that does not fit the shapes is an error that says why, and the last matching rule counts") {
  nn::Sequential source = small_net(5), net = small_net();
  draw(source, 1);
  CHECK_THROWS_WITH_AS(start::load_state_dict(
                           net, file_of(source),
                           {.adapt = {{"fc.*", start::Adapt::keep_rows}, {"fc.weight", start::Adapt::sum}}}),
                       "f: 1 tensor in the way of this warm start: 'fc.weight' of shape [5, 8] cannot become "
                       "[3, 8] by 'sum', as only dimension 1, the input channels, may differ: "
                       "--adapt fc.weight=keep_rows, or --skip fc.weight. The model is unchanged",
                       Error);
  CHECK_THROWS_WITH_AS(start::parse_adapt("kep_rows"),
                       "unknown adaptation 'kep_rows'; did you mean 'keep_rows'?", Error);
  CHECK(start::parse_adapt("inflate") == start::Adapt::inflate);
  CHECK(why_not(start::Adapt::select, {2, 2}, {3, 2}) ==
        "the saved tensor must be at least as large in every dimension");
  CHECK(why_not(start::Adapt::inflate, {2, 2}, {3, 2}) == "expected kernels [O, I, K] and [O, I, H, K]");
  CHECK(why_not(start::Adapt::average, {1, 0, 1}, {1, 3, 1}) == "the saved tensor has no elements");
  CHECK(why_not(start::Adapt::crop_pad, {2}, {2, 2}) == "both must have as many dimensions, at least 1");
}

TEST_CASE("input channels: average, repeat and sum do what they say") {
  const Tensor colour = Tensor::from({1, 2, 6, 10, 20, 60}, {2, 3, 1, 1});
  CHECK(adapted(start::Adapt::average, colour, {2, 1, 1, 1}).to_vector() == std::vector<float>{3, 30});
  CHECK(adapted(start::Adapt::sum, colour, {2, 1, 1, 1}).to_vector() == std::vector<float>{9, 90});
  CHECK(adapted(start::Adapt::repeat, colour, {2, 1, 1, 1}).to_vector() == std::vector<float>{3, 30});
  const Tensor grey = Tensor::from({3, 6}, {2, 1, 1, 1});
  CHECK(adapted(start::Adapt::sum, grey, {2, 3, 1, 1}).to_vector() == std::vector<float>{1, 1, 1, 2, 2, 2});
  CHECK(adapted(start::Adapt::repeat, grey, {2, 3, 1, 1}).to_vector() ==
        std::vector<float>{1, 1, 1, 2, 2, 2});
  CHECK(adapted(start::Adapt::average, grey, {2, 3, 1, 1}).to_vector() ==
        std::vector<float>{3, 3, 3, 6, 6, 6});
  // Kernels of more than one element keep their places.
  CHECK(adapted(start::Adapt::repeat, counting({1, 2, 1, 2}), {1, 4, 1, 2}).to_vector() ==
        std::vector<float>{0, 0.5f, 1, 1.5f, 0, 0.5f, 1, 1.5f});
}

TEST_CASE("crop_pad, select and inflate do what they say") {
  CHECK(adapted(start::Adapt::crop_pad, counting({1, 1, 3, 3}), {1, 1, 1, 1}).to_vector() ==
        std::vector<float>{4});
  CHECK(adapted(start::Adapt::crop_pad, Tensor::full({1, 1, 1, 1}, 5), {1, 1, 3, 3}).to_vector() ==
        std::vector<float>{0, 0, 0, 0, 5, 0, 0, 0, 0});
  CHECK(adapted(start::Adapt::crop_pad, counting({2, 2}), {1, 3}).to_vector() == std::vector<float>{0, 1, 0});
  CHECK(adapted(start::Adapt::select, counting({4, 6}), {2, 3}).to_vector() ==
        std::vector<float>{0, 2, 4, 12, 14, 16});
  CHECK(adapted(start::Adapt::select, counting({5}), {3}).to_vector() == std::vector<float>{0, 1, 3});
  CHECK(adapted(start::Adapt::inflate, counting({1, 1, 2}), {1, 1, 2, 2}).to_vector() ==
        std::vector<float>{0, 0.5f, 0, 0.5f});
  CHECK(adapted(start::Adapt::inflate, counting({1, 2, 2, 2}), {1, 2, 2}).to_vector() ==
        std::vector<float>{2, 4, 10, 12});
}

TEST_CASE("the report is a table with a line a tensor") {
  nn::Sequential source = small_net(), net = small_net();
  draw(source, 1);
  const io::TensorFile file =
      file_of(source, [](const std::string& n) { return n == "fc.bias" ? "head.bias" : "m." + n; });
  const start::WarmStartReport report = start::load_state_dict(
      net, file, {.strip_prefix = "m.", .allow_missing = true, .allow_unexpected = true});
  const std::string text = report.to_string();
  CHECK(text.starts_with("warm start from f: 7 loaded, 1 missing, 1 unexpected\n"));
  CHECK(text.find("  loaded      conv.weight      F32 [2, 1, 3, 3]  [2, 1, 3, 3]  from 'm.conv.weight'\n") !=
        std::string::npos);
  CHECK(
      text.find("  unexpected  head.bias        F32 [3]           -             did you mean 'fc.bias'?\n") !=
      std::string::npos);
  std::istringstream narrow(report.to_string(50));
  for (std::string line; std::getline(narrow, line);) CHECK(text::text_width(line) <= 50);
}

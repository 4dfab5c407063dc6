// What was meant by a name that is not known, or a file that is not there.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <fanin/core/error.hpp>
#include <fanin/core/near_file.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;

TEST_CASE("suggestions: a family's name, where no whole name is near") {
  const std::vector<std::string> known = {"zeros", "kaiming_uniform", "kaiming_normal", "xavier_normal"};
  CHECK(suggest("kaimng", known) == "; did you mean 'kaiming_uniform' or 'kaiming_normal'?");
  CHECK(suggest("xaver", known) == "; did you mean 'xavier_normal'?");
  CHECK(suggest("zeross", known) == "; did you mean 'zeros'?");
  CHECK(suggest("kaiming_nomal", known) == "; did you mean 'kaiming_normal'?");
  CHECK(suggest("orthogonal", known).starts_with("; known: "));
}

TEST_CASE("suggestions: a file that is not there, by what is") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "models");
  std::ofstream(scratch / "models/lenet.safetensors") << "x";
  std::ofstream(scratch / "models/new\nline.png") << "x";
  CHECK(suggest_file(scratch / "models/lent.safetensors") == "; did you mean 'lenet.safetensors'?");
  CHECK(suggest_file(scratch / "models/LENET.safetensors") == "; did you mean 'lenet.safetensors'?");
  CHECK(suggest_file(scratch / "modles/lenet.safetensors") == "; did you mean 'models'?");
  CHECK(suggest_file(scratch / "modles") == "; did you mean 'models'?");
  CHECK(suggest_file(scratch / "models/newline.png").find('\n') == std::string::npos);
  CHECK(suggest_file(scratch / "models/lenet.safetensors").empty());
  for (const char* none : {"", "/", ".", "/there/is/no/such/folder/anywhere", "models/zzz.png"})
    CHECK(suggest_file(none == std::string("models/zzz.png") ? scratch / none : std::string(none)).empty());
  CHECK(holds(message([&] { io::read_tensor_file(scratch / "models/lent.safetensors"); }),
              "cannot open: No such file or directory; did you mean 'lenet.safetensors'?"));
}

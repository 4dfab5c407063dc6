// A program with names of its own, whatever the using-directives bring: these are not the library's.
#include <tuple>

#include "model.hpp"

using namespace fanin;
using namespace fanin::train;

struct Batch {};
struct Dataset {};
struct Options {};
struct Argument {};
struct Rename {};
struct Choice {};
struct Expression {};
struct Saved {};
struct Model {};
struct Layer {};
struct Parameter {};
struct Value {};
struct Table {};
struct Formula {};
struct Node {
  Node* next = nullptr;
};
enum class Split { mine };
static int threads = 3;

/// What is told of them, so that each is looked up.
int own_names() {
  const Batch batch;
  const Dataset dataset;
  const Options options;
  const Argument argument;
  const Rename rename;
  const Node node;
  [[maybe_unused]] const std::tuple<Choice, Expression, Saved, Model, Layer, Parameter, Value, Table, Formula>
      others;
  static_cast<void>(batch), static_cast<void>(dataset), static_cast<void>(options),
      static_cast<void>(argument), static_cast<void>(rename);
  const auto train = [](int steps) { return steps; };
  const TrainOptions of_ours{.epochs = 1};
  return node.next == nullptr && Split::mine == Split{} && of_ours.epochs == 1 ? train(threads) : 0;
}

// A layer of your own: self-attention with a residual connection, of layers that are there.
#include <cmath>
#include <iostream>

#include <fanin/fanin.hpp>

using namespace fanin;

namespace {

/// x + out(softmax(q kᵀ / √width) v) of x [N, T, width].
struct Attention : nn::OwnLayer<Attention> {
  nn::Child<nn::Linear> query, key, value, out;

  explicit Attention(Index width)
      : query(child("query", nn::Linear(width, width))),
        key(child("key", nn::Linear(width, width))),
        value(child("value", nn::Linear(width, width))),
        out(child("out", nn::Linear(width, width))) {}

  Tensor forward(const Tensor& x) override {
    const Tensor scores = ops::matmul(query(x), ops::transpose(key(x), 1, 2));
    const Tensor weights = ops::softmax(scores / std::sqrt(static_cast<double>(x.size(-1))));
    return x + out(ops::matmul(weights, value(x)));
  }
};

}  // namespace

int main() {
  nn::Sequential net("embed", nn::Linear(8, 16), "block1", Attention(16), "block2", Attention(16), "head",
                     nn::Linear(16, 4));
  Generator generator(0);
  // a residual branch whose last layer starts at zero starts as the identity
  for (const auto& one :
       start::initialize(net, {{"block*", init::orthogonal()}, {"block*.out", init::zeros()}}, generator)) {
    std::cout << one.name << "  " << one.shape.to_string() << "  " << one.scheme << "\n";
  }
  const Tensor x = Tensor::full({2, 5, 8}, 0.5);
  std::cout << "logits " << net(x).shape().to_string() << "\n";
  const Tensor before = net.until("embed").predict(x), after = net.until("block2").predict(x);
  std::cout << "moved by the blocks at first: " << ops::max(ops::abs(after - before)) << "\n";
}

#pragma once
#include <string>
#include <vector>

#include <fanin/compare/figure.hpp>
#include <fanin/compare/results.hpp>
#include <fanin/statistics/interval.hpp>

namespace fanin::compare {

/// One model's figures, in the order of the page. A figure without data is not among them;
/// of several learning rates, losses, layers and weights are shown at the best one.
std::vector<Figure> figures(const Comparison& comparison, const std::string& model);

/// @{
/// Their parts: results as rows, curves over steps, labels and rates, layer by layer, the weights (histograms
/// and singular values), and the first layer's filters. Each adds its figures.
void add_row_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model);
void add_curve_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model);
void add_layer_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model);
void add_weight_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model);
void add_filter_figure(std::vector<Figure>& all, const Comparison& comparison, const std::string& model);
/// @}

/// @{
/// An empty series for each scheme that has a summary, of this model or of any, in the settings' order, with
/// its look.
std::vector<Series> series_of(const Comparison& comparison, const std::string& model);
std::vector<Series> series_of(const Comparison& comparison);
/// @}

/// A scheme's mean accuracy and its interval, at `x` and along y; without an interval for a single run.
FigurePoint accuracy_point(double x, const Summary& row);

/// Mean and 95 % confidence interval (Student t) of the values at `x`, cut to what is `possible`; without an
/// interval for a single one.
FigurePoint mean_point(double x, const std::vector<double>& values,
                       statistics::Interval possible = statistics::any_number);

/// A model's and scheme's runs that count, in the order of their seeds.
std::vector<const Run*> runs_of(const Comparison& comparison, const std::string& model,
                                const std::string& scheme);

}  // namespace fanin::compare

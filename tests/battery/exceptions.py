"""Classes that are not served as River has them, by their titles, and why."""

ALL = ("regression", "binary", "multiclass")
_LABELS = ("binary", "multiclass")

_OVERFLOWS = (
    "Its weights overflow on the battery's numbers, within some ten records: a prediction that is not finite "
    "is refused, and River's own loop goes on with it."
)

#: By title: the deviations that are there, in which flavors, and the reason.
_DEVIATIONS: dict[str, tuple[frozenset[str], tuple[str, ...], str]] = {
    f"facto.{name}": (frozenset({"does not learn"}), ("regression",), _OVERFLOWS)
    for name in ("FFMRegressor", "FMRegressor", "FwFMRegressor", "HOFMRegressor")
}

#: What the refusal says; in which flavors; and of which classes.
_REFUSED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "is a classifier, for the flavors 'binary' and 'multiclass'; the upload's flavor is 'regression'",
        ("regression",),
        """active.EntropySampler compat.SKL2RiverClassifier drift.DriftRetrainingClassifier
        dummy.NoChangeClassifier dummy.PriorClassifier ensemble.ADWINBaggingClassifier
        ensemble.ADWINBoostingClassifier ensemble.AdaBoostClassifier ensemble.BOLEClassifier
        ensemble.BaggingClassifier ensemble.LeveragingBaggingClassifier ensemble.SRPClassifier
        ensemble.StackingClassifier ensemble.VotingClassifier facto.FFMClassifier
        facto.FMClassifier facto.FwFMClassifier facto.HOFMClassifier forest.AMFClassifier
        forest.ARFClassifier imblearn.HardSamplingClassifier imblearn.RandomOverSampler
        imblearn.RandomSampler imblearn.RandomUnderSampler linear_model.ALMAClassifier
        linear_model.AdPredictor linear_model.LogisticRegression linear_model.PAClassifier
        linear_model.Perceptron linear_model.SoftmaxRegression model_selection.BanditClassifier
        model_selection.SuccessiveHalvingClassifier multiclass.OneVsOneClassifier
        multiclass.OneVsRestClassifier multiclass.OutputCodeClassifier naive_bayes.BernoulliNB
        naive_bayes.ComplementNB naive_bayes.GaussianNB naive_bayes.MultinomialNB
        neighbors.KNNClassifier tree.ExtremelyFastDecisionTreeClassifier
        tree.HoeffdingAdaptiveTreeClassifier tree.HoeffdingTreeClassifier tree.LASTClassifier
        tree.SGTClassifier""",
    ),
    (
        "is a regressor, for the flavor 'regression'; the upload's flavor is '",
        _LABELS,
        """compat.SKL2RiverRegressor compose.Pipeline compose.TargetTransformRegressor
        conf.RegressionJackknife dummy.StatisticRegressor ensemble.BaggingRegressor
        ensemble.EWARegressor ensemble.SRPRegressor facto.FFMRegressor facto.FMRegressor
        facto.FwFMRegressor facto.HOFMRegressor forest.AMFRegressor forest.ARFRegressor
        forest.OXTRegressor imblearn.ChebyshevOverSampler imblearn.ChebyshevUnderSampler
        imblearn.HardSamplingRegressor linear_model.BayesianLinearRegression
        linear_model.LinearRegression linear_model.PARegressor model_selection.BanditRegressor
        model_selection.GreedyRegressor model_selection.SuccessiveHalvingRegressor
        neighbors.KNNRegressor preprocessing.PredClipper preprocessing.TargetMinMaxScaler
        preprocessing.TargetStandardScaler rules.AMRules tree.HoeffdingAdaptiveTreeRegressor
        tree.HoeffdingTreeRegressor tree.SGTRegressor""",
    ),
    (
        "is an anomaly detector, which scores features",
        ALL,
        """anomaly.HalfSpaceTrees anomaly.LODA anomaly.LocalOutlierFactor anomaly.OneClassSVM
        anomaly.QuantileFilter anomaly.ThresholdFilter""",
    ),
    (
        "is a supervised anomaly detector, which scores an observed value",
        ALL,
        """anomaly.GaussianScorer anomaly.PredictiveAnomalyDetection
        anomaly.StandardAbsoluteDeviation""",
    ),
    # Parts of models.
    (
        "does not implement learn_one",
        ALL,
        """base.Estimator neighbors.LazySearch neighbors.SWINN tree.DynamicQuantizer
        tree.EBSTSplitter tree.ExhaustiveSplitter tree.GaussianSplitter tree.HistogramSplitter
        tree.QOSplitter tree.StaticQuantizer tree.TEBSTSplitter""",
    ),
    # The second parameter of TextClust's and of others' learns is a time or a weight.
    (
        "is a clusterer, which learns without a ground truth",
        ALL,
        """cluster.CluStream cluster.DBSTREAM cluster.DenStream cluster.KMeans cluster.ODAC
        cluster.STREAMKMeans cluster.TextClust""",
    ),
    # It knows its trees by where they lie in memory.
    ("does not survive its own pickle", ALL, "feature_extraction.RandomTreesEmbedding"),
    (
        "is a multi-label classifier, which predicts several labels",
        ALL,
        """multioutput.ClassifierChain multioutput.MonteCarloClassifierChain
        multioutput.MultiClassEncoder multioutput.PerOutputClassifier
        multioutput.ProbabilisticClassifierChain""",
    ),
    (
        "is a multi-output regressor, which predicts several targets",
        ALL,
        "multioutput.PerOutputRegressor multioutput.RegressorChain tree.ISOUPTreeRegressor",
    ),
    (
        "is a recommender, which predicts from a user and an item",
        ALL,
        "reco.Baseline reco.BiasedMF reco.FunkMF reco.RandomNormal",
    ),
    (
        "is a forecaster, which predicts the next values of a series",
        ALL,
        "time_series.HoltWinters time_series.SNARIMAX",
    ),
)


def deviations(flavor: str) -> dict[str, set[str]]:
    """Return how classes that River's own loop works with deviate."""
    return {title: set(what) for title, (what, flavors, _why) in _DEVIATIONS.items() if flavor in flavors}


def refused(flavor: str) -> dict[str, str]:
    """Return what the refusals say of the classes that no record fits."""
    return {
        title: reported
        for reported, flavors, titles in _REFUSED
        if flavor in flavors
        for title in titles.split()
    }

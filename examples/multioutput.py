"""Multi-output regression: solar flares of three classes. (River's SolarFlare, 1,066 regions.)"""

import running
from river import compose, datasets, linear_model, multioutput, optim, preprocessing

NAME = "example-flares"


def main() -> None:
    options = running.options(__doc__, limit=1066).parse_args()
    client = running.connect(options.url)

    features = (compose.SelectType(str) | preprocessing.OneHotEncoder()) + (
        compose.SelectType(int) | preprocessing.StandardScaler()
    )
    # Each class of flares is predicted from the features and the classes before it.
    model = features | multioutput.RegressorChain(linear_model.LinearRegression(optimizer=optim.SGD(0.003)))
    client.upload(model, NAME, flavor="multioutput")

    events = running.delayed(datasets.SolarFlare().take(options.limit), least=1, most=30)
    served = running.over_http(client, NAME, events, flavor="multioutput")
    running.report("SolarFlare", served, running.bare_loop(model, events, flavor="multioutput"))


if __name__ == "__main__":
    main()

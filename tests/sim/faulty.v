// A core of three input beats and one-byte answers, always class 0, that can go wrong in one of the ways that FAULT names.

module xnorflow_core (
    input  wire       clk,
    input  wire       rst,
    input  wire [7:0] s_axis_tdata,
    input  wire       s_axis_tvalid,
    output wire       s_axis_tready,
    input  wire       s_axis_tlast,
    output wire [7:0] m_axis_tdata,
    output wire       m_axis_tvalid,
    input  wire       m_axis_tready,
    output wire       m_axis_tlast,
    output wire       error
);
    localparam FAULT = "none";

    reg [1:0] answers;
    reg tick;
    reg [7:0] age, frames;

    assign s_axis_tready = answers == 0 || answers == 1 && m_axis_tready;
    assign m_axis_tvalid = answers != 0 && !(FAULT == "valid" && tick);
    assign m_axis_tdata  = FAULT == "data" ? {7'd0, tick}
                         : FAULT == "unknown" ? 8'hxx
                         : FAULT == "class" || FAULT == "later" && frames > 10 ? 8'd1
                         : 8'd0;
    assign m_axis_tlast  = FAULT != "last";
    assign error         = FAULT == "error" && answers != 0;

    always @(posedge clk)
        if (rst) begin
            answers <= 0;
            tick    <= 0;
            age     <= 0;
            frames  <= 0;
        end else begin
            tick <= !tick;
            age  <= age + 1;
            if (FAULT == "finish" && age == 50) $finish;
            if (m_axis_tvalid && m_axis_tready) answers <= answers - 1;
            if (s_axis_tvalid && s_axis_tready && s_axis_tlast) begin
                answers <= FAULT == "silent" ? 0 : FAULT == "extra" ? 2 : 1;
                frames  <= frames + 1;
            end
        end
endmodule
